import { EventEmitter } from 'node:events'
import type { WebSocketRequest } from './request.ts'
import { RouterRequest } from './router-request.ts'
import type { WebSocketServer } from './server.ts'

export interface IRouterConfig {
  server: WebSocketServer | null
}

export interface IRouterHandler {
  path: RegExp
  pathString: string
  protocol: string
  callback: (request: RouterRequest) => void
}

/** Stands for a request that names no subprotocol. */
const noProtocol = '____no_protocol____'

/** Passes the requests of a server on by path and subprotocol. */
export class WebSocketRouter extends EventEmitter {
  config: IRouterConfig
  server: WebSocketServer | null = null
  handlers: IRouterHandler[] = []
  readonly #onRequest = (request: WebSocketRequest): void => this.handleRequest(request)

  constructor(config?: Partial<IRouterConfig>) {
    super()
    this.config = { server: null, ...config }
    if (this.config.server) this.attachServer(this.config.server)
  }

  attachServer(server: WebSocketServer): void {
    if (!server) throw new Error('You must specify a WebSocketServer instance to attach to.')
    this.server = server
    server.on('request', this.#onRequest)
  }

  detachServer(): void {
    if (this.server === null) throw new Error('Cannot detach from server: not attached.')
    this.server.off('request', this.#onRequest)
    this.server = null
  }

  /**
   * Calls `callback` for requests to `path` (`*` for any) with the subprotocol `protocol`: `*` stands for any one,
   * nothing for requests without.
   *
   * @throws {Error} where the same path and subprotocol are mounted already
   */
  mount(
    path: string | RegExp,
    protocol: string | null | undefined,
    callback: (request: RouterRequest) => void,
  ): void {
    if (!path) throw new Error('You must specify a path for this handler.')
    if (!callback) throw new Error('You must specify a callback for this handler.')
    const pattern = this.pathToRegExp(path)
    if (!(pattern instanceof RegExp))
      throw new Error('Path must be specified as either a string or a RegExp.')
    const pathString = pattern.toString()
    const name = (protocol || noProtocol).toLowerCase()
    if (this.findHandlerIndex(pathString, name) >= 0)
      throw new Error('You may only mount one handler per path/protocol combination.')
    this.handlers.push({ path: pattern, pathString, protocol: name, callback })
  }

  /** @throws {Error} where nothing is mounted so */
  unmount(path: string | RegExp, protocol?: string | null): void {
    const index = this.findHandlerIndex(this.pathToRegExp(path).toString(), protocol || noProtocol)
    if (index < 0) throw new Error('Unable to find a route matching the specified path and protocol.')
    this.handlers.splice(index, 1)
  }

  findHandlerIndex(pathString: string, protocol: string): number {
    const name = protocol.toLowerCase()
    return this.handlers.findIndex(
      (handler) => handler.pathString === pathString && handler.protocol === name,
    )
  }

  pathToRegExp(path: string | RegExp): RegExp {
    if (typeof path !== 'string') return path
    return path === '*' ? /^.*$/ : new RegExp(`^${path.replace(/[-[\]{}()*+?.,\\^$|#\s]/g, '\\$&')}$`)
  }

  /** Passes a request on to the first handler for the first of its subprotocols that has one; 404 where none has. */
  handleRequest(request: WebSocketRequest): void {
    const { requestedProtocols, resourceURL } = request
    const wanted = requestedProtocols.length === 0 ? [noProtocol] : requestedProtocols
    for (const protocol of wanted) {
      const handler = this.handlers.find(
        (one) =>
          one.path.test(resourceURL.pathname ?? '') &&
          (one.protocol === protocol.toLowerCase() || one.protocol === '*'),
      )
      if (handler === undefined) continue
      handler.callback(new RouterRequest(request, protocol === noProtocol ? null : protocol))
      return
    }
    request.reject(404, 'No handler is available for the given request.')
  }
}
