import type { Mount } from '../channels/dialect.ts'
import { HandshakeError, RealtimeError, TimeoutError } from '../errors.ts'
import { GOING_AWAY } from '../protocol/close-code.ts'
import { MessageCompression } from '../protocol/compression.ts'
import { isHeaderField } from '../protocol/http-head.ts'
import {
  composeHandshakeResponse,
  type HandshakeRequest,
  readHandshakeRequest,
} from '../protocol/server-handshake.ts'
import { SharedMessage } from '../protocol/shared-message.ts'
import type { Runtime, UpgradeExchange } from '../runtime/contract.ts'
import { TopicIndex } from '../topics/topic-index.ts'
import { WebSocketCarrier } from '../transport/websocket-carrier.ts'
import { bytesOf } from '../util/bytes.ts'
import { isThenable, reportError, reportHandlerError } from './handler-errors.ts'
import type { Admission, AttachOptions, Handlers, RouteOptions } from './options.ts'
import { checkAdmission, checkCloseOptions, hasHandlers } from './options.ts'
import { originAllowed } from './origin.ts'
import { PathPattern } from './path-pattern.ts'
import { chooseProtocol, createRoute, type Route } from './route.ts'
import { checkClose, type SendOptions, Socket, type SocketHost } from './socket.ts'
import { pathOf, UpgradeRequest } from './upgrade-request.ts'

export interface CloseOptions {
  /** Close code every socket gets. @default 1001 */
  code?: number
  /** Close reason, at most 123 bytes of UTF-8. @default '' */
  reason?: string
}

/** How many sockets are closed in one turn of the event loop. */
const closeBatch = 1_000

const forbiddenHeaders = /^(connection|upgrade|content-length|transfer-encoding|sec-websocket-.*)$/i

/** All paths and sockets of one server: decides about handshakes, and knows who is there and who listens to what. */
export class Endpoint<Data> implements SocketHost<Data> {
  readonly sockets = new Set<Socket<Data>>()
  readonly #runtime: Runtime
  readonly #routes: Route<Data>[] = []
  /** Dialects come before all paths: their clients may be anywhere. */
  readonly #mounts: readonly { readonly mount: Mount; readonly route: Route<Data> }[]
  readonly #topics = new TopicIndex<WebSocketCarrier<Socket<Data>>>()
  /** Handlers of the whole: they hear of what fails before a path is known. */
  readonly #handlers: Handlers<Data>
  /** Handshakes `admit` is still thinking about, each as the refusal it gets when the server closes. */
  readonly #undecided = new Set<() => void>()
  #closed: Promise<void> | undefined
  #emptied: (() => void) | undefined

  constructor(options: AttachOptions<Data, object>, runtime: Runtime, mounts: readonly Mount[] = []) {
    this.#runtime = runtime
    this.#handlers = options
    const events = (handlers: RouteOptions<Data>) =>
      Socket.events(handlers, (socket, carrier) => this.#left(socket, carrier))
    const add = (pattern: PathPattern | undefined, own: RouteOptions<Data>): void => {
      this.#routes.push(createRoute(pattern, own, options, events, runtime))
    }
    this.#mounts = mounts.map((mount) => {
      const own = mount.route as unknown as RouteOptions<Data>
      return { mount, route: createRoute(undefined, own, options, events, runtime) }
    })
    for (const [path, own] of Object.entries((options.paths ?? {}) as Record<string, RouteOptions<Data>>))
      add(new PathPattern(path), own)
    const isWanted = options.paths === undefined && mounts.length === 0
    if (isWanted || hasHandlers(options as RouteOptions<never>)) add(undefined, options)
  }

  /** Whether an upgrade is one of ours, by its path and the subprotocols it offers. */
  takes(target: string, protocols: readonly string[]): boolean {
    return this.#find(pathOf(target), protocols) !== undefined
  }

  get now(): () => number {
    return this.#runtime.now
  }

  byteLength(text: string): number {
    return this.#runtime.text.byteLength(text)
  }

  turnEnd(): Promise<void> {
    return new Promise((resolve) => this.#runtime.turn.schedule({ flush: resolve }))
  }

  // ------------------------------------------------------------------------------------------------ handshakes

  /** Answers an opening handshake. */
  upgrade(exchange: UpgradeExchange): void {
    let route: Route<Data> | undefined
    try {
      if (this.#closed !== undefined) throw closing()
      const handshake = readHandshakeRequest(exchange.head)
      const found = this.#find(pathOf(exchange.head.target), handshake.protocols)
      if (found === undefined) {
        throw new HandshakeError('ERR_PATH', { status: 404, message: 'No WebSocket is served at this path' })
      }
      route = found.route
      const request = new UpgradeRequest(exchange.head, handshake, found.params, exchange)
      if (!originAllowed(exchange.head, route.origins, request)) {
        const message = `Pages of ${request.origin} may not connect (option origins)`
        throw new HandshakeError('ERR_ORIGIN', { status: 403, message, section: 'RFC 6455 §10.2' })
      }
      const admission: unknown = route.handlers.admit?.(request)
      if (isThenable(admission)) this.#awaitAdmission(exchange, route, handshake, request, admission)
      else this.#answer(exchange, route, handshake, request, admission)
    } catch (error) {
      this.#refuse(exchange, route, error)
    }
  }

  #find(
    path: string,
    protocols: readonly string[] = [],
  ): { route: Route<Data>; params: Readonly<Record<string, string>> } | undefined {
    for (const { mount, route } of this.#mounts) {
      if (mount.claims({ path, protocols })) return { route, params: noParams }
    }
    for (const route of this.#routes) {
      const params = route.pattern === undefined ? noParams : route.pattern.match(path)
      if (params !== undefined) return { route, params }
    }
    return undefined
  }

  #awaitAdmission(
    exchange: UpgradeExchange,
    route: Route<Data>,
    handshake: HandshakeRequest,
    request: UpgradeRequest,
    admission: PromiseLike<unknown>,
  ): void {
    const { handshakeTimeoutMs } = route.limits
    /** Whatever comes first decides. */
    const decide = (act: () => void): void => {
      if (!this.#undecided.delete(refuseClosing)) return
      this.#runtime.wheel.cancel(deadline)
      try {
        act()
      } catch (error) {
        this.#refuse(exchange, route, error)
      }
    }
    const refuse = (reason: unknown): void => decide(() => this.#refuse(exchange, route, reason))
    const refuseClosing = (): void => refuse(closing())
    const deadline = {
      wheelTick: -1,
      expire: () => {
        const message = `admit took over ${handshakeTimeoutMs} ms (option limits.handshakeTimeoutMs)`
        refuse(new TimeoutError('ERR_HANDSHAKE_TIMEOUT', { side: 'local', message }))
      },
    }
    this.#undecided.add(refuseClosing)
    this.#runtime.wheel.add(deadline, handshakeTimeoutMs)
    admission.then(
      (admitted) => decide(() => this.#answer(exchange, route, handshake, request, admitted)),
      refuse,
    )
  }

  #answer(
    exchange: UpgradeExchange,
    route: Route<Data>,
    handshake: HandshakeRequest,
    request: UpgradeRequest,
    answered: unknown,
  ): void {
    if (answered instanceof Response) {
      this.#refuse(exchange, route, answered)
      return
    }
    if (exchange.gone) return
    // `admit` itself may have closed the server.
    if (this.#closed !== undefined) throw closing()
    const admitted = checkAdmission(answered) as Admission<Data> | undefined
    const protocol = admitted?.protocol ?? chooseProtocol(route as Route<never>, handshake)
    if (protocol !== '' && !handshake.protocols.includes(protocol)) {
      const message = `admit chose the subprotocol '${protocol}', which was not offered`
      throw new RealtimeError('ERR_SUBPROTOCOL', { side: 'local', message })
    }
    const { compression } = route
    const headers = admitted?.headers === undefined ? [] : checkedHeaders(admitted.headers)
    const response = composeHandshakeResponse(handshake, protocol, compression, headers, this.#runtime.sha1)
    const link = exchange.accept(response.status, response.headers)
    const agreed = response.compression
    const socket: Socket<Data> = new Socket<Data>({
      host: this,
      data: admitted?.data as Data,
      request,
      protocol,
      extensions: response.extensions,
      carrier: (owner) =>
        new WebSocketCarrier(
          route.settings,
          owner,
          link,
          agreed &&
            compression &&
            new MessageCompression('server', agreed, this.#runtime.deflate, compression),
        ),
    })
    this.sockets.add(socket)
    Socket.start(socket, route.handlers)
  }

  /** Answers with an HTTP error; `reason` is a `Response` of the application, or what went wrong. */
  #refuse(exchange: UpgradeExchange, route: Route<Data> | undefined, reason: unknown): void {
    const handlers = route?.handlers ?? this.#handlers
    if (reason instanceof Response) {
      const { status, headers } = reason
      const message = `admit refused with status ${status}`
      reportError(handlers, undefined, new HandshakeError('ERR_REFUSED', { side: 'local', status, message }))
      reason.arrayBuffer().then(
        (body) => exchange.refuse(status, headers, new Uint8Array(body)),
        () => exchange.refuse(status, headers, ''),
      )
    } else if (reason instanceof HandshakeError) {
      reportError(handlers, undefined, reason)
      exchange.refuse(reason.status ?? 400, reason.headers, `${reason.message}\n`)
    } else if (reason instanceof TimeoutError) {
      reportError(handlers, undefined, reason)
      exchange.refuse(503, [['Retry-After', '1']], 'Service Unavailable\n')
    } else {
      reportHandlerError(handlers, undefined, reason)
      exchange.refuse(500, [], 'Internal Server Error\n')
    }
  }

  /** Tells the application of a connection that failed before it became a socket. */
  failed(error: Error): void {
    reportError(this.#handlers, undefined, error)
  }

  /** Answers a request that is no upgrade, as the application says. */
  async respond(
    fetch: (request: Request) => Response | Promise<Response>,
    request: Request,
  ): Promise<Response> {
    try {
      const response: unknown = await fetch(request)
      if (response instanceof Response) return response
      throw new TypeError('fetch must answer with a Response')
    } catch (cause) {
      // Whoever is gone needs no answer, and reading what they did not send is no mistake of the handler.
      if (!request.signal.aborted) reportHandlerError(this.#handlers, undefined, cause)
      return new Response('Internal Server Error\n', { status: 500 })
    }
  }

  #left(socket: Socket<Data>, carrier: WebSocketCarrier<Socket<Data>>): void {
    this.sockets.delete(socket)
    this.#topics.leave(carrier)
    if (this.sockets.size === 0) this.#emptied?.()
  }

  // ------------------------------------------------------------------------------------------------ topics

  subscribe(carrier: WebSocketCarrier<Socket<Data>>, topic: string): void {
    this.#topics.subscribe(carrier, topic)
  }

  unsubscribe(carrier: WebSocketCarrier<Socket<Data>>, topic: string): void {
    this.#topics.unsubscribe(carrier, topic)
  }

  topics(carrier: WebSocketCarrier<Socket<Data>>): ReadonlySet<string> {
    return this.#topics.topics(carrier)
  }

  /** Sends to every subscriber of `topic` but `except`; framed once, compressed once per way of compressing. */
  publish(
    topic: string,
    data: string | ArrayBufferLike | ArrayBufferView,
    options?: SendOptions,
    except?: WebSocketCarrier<Socket<Data>>,
  ): number {
    const message = new SharedMessage(typeof data === 'string' ? data : bytesOf(data), this.#runtime.text)
    const compress = options?.compress ?? true
    let receivers = 0
    for (const carrier of this.#topics.subscribers(topic)) {
      if (carrier === except) continue
      receivers += 1
      carrier.sendShared(message, compress)
    }
    return receivers
  }

  // ------------------------------------------------------------------------------------------------ the end

  /**
   * Closes every socket, in batches, and resolves when all are gone; no new ones are let in. Only the first call counts.
   *
   * @throws {RealtimeError} `ERR_OPTION_UNKNOWN`, `ERR_CLOSE_CODE`, `ERR_CLOSE_PAYLOAD`
   */
  close(options: CloseOptions = {}): Promise<void> {
    checkCloseOptions(options)
    const { code = GOING_AWAY, reason = '' } = options
    checkClose(this, code, reason)
    if (this.#closed === undefined) {
      let done: () => void = () => {}
      // First of all, so that whatever is called from here on finds the server closing.
      this.#closed = new Promise((resolve) => {
        done = resolve
      })
      void this.#closeAll(code, reason).then(done)
    }
    return this.#closed
  }

  async #closeAll(code: number, reason: string): Promise<void> {
    for (const refuse of this.#undecided) refuse()
    let left = closeBatch
    for (const socket of this.sockets) {
      socket.close(code, reason)
      left -= 1
      if (left === 0) {
        left = closeBatch
        await this.turnEnd()
      }
    }
    if (this.sockets.size === 0) return
    await new Promise<void>((resolve) => {
      this.#emptied = resolve
    })
  }
}

function closing(): HandshakeError {
  return new HandshakeError('ERR_CLOSED', { side: 'local', status: 503, message: 'The server is closing' })
}

const noParams: Readonly<Record<string, string>> = Object.freeze({})

/** The header fields of an admission, as pairs. */
function checkedHeaders(init: NonNullable<Admission<unknown>['headers']>): [string, string][] {
  const headers = [...new Headers(init)]
  for (const [name, value] of headers) {
    if (forbiddenHeaders.test(name) || !isHeaderField(name, value)) {
      const message = `admit may not set the header field '${name}'`
      throw new RealtimeError('ERR_OPTION_INVALID', { side: 'local', message })
    }
  }
  return headers
}
