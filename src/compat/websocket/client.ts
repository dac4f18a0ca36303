import type { Buffer } from 'node:buffer'
import { EventEmitter } from 'node:events'
import {
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as overTcp,
} from 'node:http'
import { request as overTls, type RequestOptions } from 'node:https'
import type { Socket } from 'node:net'
import type { Url } from 'node:url'
import type { HandshakeError } from '../../errors.ts'
import {
  composeHandshakeOffer,
  type HandshakeAgreement,
  type HandshakeOffer,
  readHandshakeResponse,
} from '../../protocol/client-handshake.ts'
import { MessageCompression } from '../../protocol/compression.ts'
import { parseExtensions } from '../../protocol/extension-header.ts'
import { HeaderList } from '../../protocol/header-list.ts'
import { isToken } from '../../protocol/header-values.ts'
import { afterMicrotasks, runtime } from '../../runtime/node/index.ts'
import { tell } from '../../runtime/node/tell.ts'
import { clientDefaults, compressionOf, type IClientConfig } from './config.ts'
import { WebSocketConnection } from './connection.ts'
import { type Target, targetOf } from './urls.ts'

type ClientConfig = typeof clientDefaults & IClientConfig & { tlsOptions: RequestOptions }

export interface ClientEvents {
  connect: [connection: WebSocketConnection]
  /** There is no connection, and `error` says why. */
  connectFailed: [error: Error]
  /** The server answered with something else than 101. Where nobody listens, it is a `connectFailed`. */
  httpResponse: [response: IncomingMessage, client: WebSocketClient]
}

/** Options of `tlsOptions` that the URL and the handshake decide. */
const decidedElsewhere: ReadonlySet<string> = new Set(['hostname', 'port', 'method', 'path', 'headers'])

/** Opens connections to servers, one after the other. */
export class WebSocketClient extends EventEmitter<ClientEvents> {
  config: ClientConfig
  url: string | URL | Url | undefined
  secure = false
  protocols: string[] = []
  origin: string | null | undefined
  /** The server's answer, once it came. */
  response: IncomingMessage | undefined
  socket: Socket | undefined
  #request: ClientRequest | undefined

  /** @throws {Error} where `webSocketVersion` is neither 8 nor 13 */
  constructor(config?: IClientConfig) {
    super()
    this.config = { ...clientDefaults, ...config, tlsOptions: { ...config?.tlsOptions } } as ClientConfig
    const { webSocketVersion } = this.config
    if (webSocketVersion !== 8 && webSocketVersion !== 13)
      throw new Error('Requested webSocketVersion is not supported. Allowed values are 8 and 13.')
  }

  /**
   * Opens a connection; `connect`, `connectFailed` or `httpResponse` tells what came of it. `extraRequestOptions` go to
   * `http.request` or `https.request`.
   *
   * @throws {Error} where the URL is not whole, or a subprotocol is not a token
   */
  connect(
    requestUrl: Url | URL | string,
    protocols?: string | string[] | null,
    origin?: string | null,
    headers?: OutgoingHttpHeaders | null,
    extraRequestOptions?: RequestOptions | null,
  ): void {
    this.protocols = Array.isArray(protocols) ? protocols : protocols ? [protocols] : []
    this.origin = origin
    this.url = requestUrl
    const target = targetOf(requestUrl)
    for (const name of this.protocols) {
      const wrong = [...name].find((character) => !isToken(character))
      if (wrong !== undefined) throw new Error(`Protocol list contains invalid character "${wrong}"`)
    }
    this.secure = target.protocol === 'wss:'
    const offer: HandshakeOffer = {
      key: runtime.handshakeKey(),
      protocols: this.protocols,
      compression: compressionOf(this.config),
    }
    this.#ask(
      {
        agent: false,
        ...extraRequestOptions,
        hostname: target.hostname,
        port: target.port,
        method: 'GET',
        path: target.path,
        headers: this.#headers(target, offer, headers),
      },
      offer,
    )
  }

  /** Gives up what is not open yet; `connectFailed` follows. */
  abort(): void {
    this.#request?.destroy(new Error('socket hang up'))
  }

  #headers(
    { host }: Target,
    offer: HandshakeOffer,
    headers: OutgoingHttpHeaders | null | undefined,
  ): OutgoingHttpHeaders {
    const { webSocketVersion, tlsOptions } = this.config
    const given = { ...(this.secure ? (tlsOptions.headers as OutgoingHttpHeaders) : undefined), ...headers }
    return {
      ...given,
      ...Object.fromEntries(composeHandshakeOffer(offer)),
      'Sec-WebSocket-Version': String(webSocketVersion),
      Host: given['Host'] ?? host,
      ...(this.origin && { [webSocketVersion === 8 ? 'Sec-WebSocket-Origin' : 'Origin']: this.origin }),
    }
  }

  #ask(options: RequestOptions, offer: HandshakeOffer): void {
    const tls = Object.entries(this.config.tlsOptions).filter(([name]) => !decidedElsewhere.has(name))
    const request = this.secure ? overTls({ ...options, ...Object.fromEntries(tls) }) : overTcp(options)
    this.#request = request
    request.on('error', (error) => {
      if (this.#request === request) this.#request = undefined
      if (this.socket === undefined || this.socket !== request.socket) this.#failed(error)
    })
    request.on('upgrade', (response, socket, first) => {
      this.#request = undefined
      this.response = response
      this.socket = socket as Socket
      this.#upgraded(response, socket as Socket, first, offer)
    })
    request.on('response', (response) => {
      this.#request = undefined
      this.#refused(response)
    })
    request.end()
  }

  #upgraded(response: IncomingMessage, socket: Socket, first: Buffer, offer: HandshakeOffer): void {
    // From the first moment on nobody's reset may become an unhandled error.
    socket.on('error', () => {})
    let agreed: HandshakeAgreement
    try {
      const headers = new HeaderList(response.rawHeaders)
      agreed = readHandshakeResponse(response.statusCode ?? 0, headers, offer, runtime.sha1)
    } catch (error) {
      socket.end()
      socket.resume()
      this.#failed(Object.assign(new Error(wordsFor(error as HandshakeError)), { cause: error }))
      return
    }
    const { protocol, extensions, compression } = agreed
    const { compression: options } = offer
    const connection = new WebSocketConnection(
      socket,
      parseExtensions(extensions) ?? [],
      protocol === '' ? undefined : protocol,
      true,
      this.config,
      {
        first,
        compression:
          compression && options && new MessageCompression('client', compression, runtime.deflate, options),
      },
    )
    connection.webSocketVersion = this.config.webSocketVersion
    tell(() => this.emit('connect', connection))
    // Whoever waits for the event by a promise hears the first message too.
    queueMicrotask(() => afterMicrotasks(() => connection.start()))
  }

  #refused(response: IncomingMessage): void {
    if (this.listenerCount('httpResponse') > 0) {
      tell(() => this.emit('httpResponse', response, this))
      response.socket.end()
      return
    }
    response.resume()
    response.socket.end()
    const fields = Object.entries(response.headers).map(([name, value]) => `${name}: ${value}`)
    this.#failed(
      new Error(
        `Server responded with a non-101 status: ${response.statusCode} ${response.statusMessage}\n` +
          `Response Headers Follow:\n${fields.join('\n')}\n`,
      ),
    )
  }

  #failed(error: Error): void {
    tell(() => this.emit('connectFailed', error))
  }
}

/** What this interface says where the answer is wrong. */
function wordsFor({ code, message, headers }: HandshakeError): string {
  const has = (name: string): boolean => headers.some(([key]) => key.toLowerCase() === name)
  switch (code) {
    case 'ERR_SUBPROTOCOL':
      return has('sec-websocket-protocol')
        ? 'Server did not respond with a requested protocol.'
        : 'Expected a Sec-WebSocket-Protocol header.'
    case 'ERR_CONNECTION_HEADER':
      return 'Expected a Connection: Upgrade header from the server'
    case 'ERR_UPGRADE_MISSING':
      return 'Expected an Upgrade: websocket header from the server'
    case 'ERR_ACCEPT':
      return has('sec-websocket-accept')
        ? "Sec-WebSocket-Accept header from server didn't match expected value"
        : 'Expected Sec-WebSocket-Accept header from server'
    default:
      return message
  }
}
