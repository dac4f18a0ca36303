import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { HandshakeError } from '../../errors.ts'
import { HeaderList } from '../../protocol/header-list.ts'
import { untilAborted } from '../../util/until-aborted.ts'
import type { Dial, DialAnswer, DialRequest } from '../contract.ts'
import { asHandshakeError, connect, startOf, streamOf } from './dial.ts'
import { StreamLink } from './stream-link.ts'

/** Asks for a WebSocket as one stream of an HTTP/2 connection (RFC 8441), which all to the same server share. */
export const dialHttp2: Dial = async (request, signal) => {
  const session = sharedSession(request)
  session.streams += 1
  const release = (): void => session.release()
  try {
    const client = await untilAborted(session.opened, signal)
    return await ask(client, request, signal, release)
  } catch (error) {
    release()
    throw asHandshakeError(error)
  }
}

function ask(
  client: ClientHttp2Session,
  request: DialRequest,
  signal: AbortSignal,
  release: () => void,
): Promise<DialAnswer> {
  return new Promise((resolve, reject) => {
    const stream = client.request(headersOf(request), { endStream: false })
    const aborted = (): void => {
      reject(signal.reason)
      stream.close(constants.NGHTTP2_CANCEL)
    }
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted, { once: true })
    let answered = false
    stream.on('error', (error: Error) => {
      reject(asHandshakeError(error))
    })
    stream.on('close', () => {
      signal.removeEventListener('abort', aborted)
      reject(asHandshakeError(new Error('the stream was closed before an answer came')))
      // Before an answer it is the caller who lets go.
      if (answered) release()
    })
    stream.on('response', (headers) => {
      signal.removeEventListener('abort', aborted)
      answered = true
      resolve(answerOf(stream, headers, signal))
    })
  })
}

function answerOf(
  stream: ClientHttp2Stream,
  headers: IncomingHttpHeaders & IncomingHttpStatusHeader,
  signal: AbortSignal,
): DialAnswer {
  const status = headers[':status'] as number
  const accepted = status >= 200 && status <= 299
  const discard = (): void => void stream.close(constants.NGHTTP2_CANCEL)
  return {
    status,
    headers: new HeaderList(flatten(headers)),
    link: accepted ? new StreamLink(stream, undefined) : undefined,
    readBody: () => startOf(stream, signal).finally(discard),
    discard,
  }
}

/** RFC 8441 §4: the pseudo-header fields of an extended CONNECT; `Host` becomes `:authority` (RFC 9113 §8.3.1). */
function headersOf(request: DialRequest): OutgoingHttpHeaders {
  const fields: Record<string, string | string[]> = {}
  for (const [name, value] of request.headers) {
    const key = name.toLowerCase() === 'host' ? ':authority' : name.toLowerCase()
    const earlier = fields[key]
    fields[key] = earlier === undefined ? value : [earlier, value].flat()
  }
  return {
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': request.secure ? 'https' : 'http',
    ':path': request.target,
    ...fields,
  }
}

function flatten(headers: IncomingHttpHeaders): string[] {
  const flat: string[] = []
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || value === undefined) continue
    for (const one of Array.isArray(value) ? value : [value]) flat.push(name, one)
  }
  return flat
}

// ------------------------------------------------------------------------------------------------ sessions

/** One HTTP/2 connection and how many WebSockets want it; it goes when the last one does. */
class SharedSession {
  readonly request: DialRequest
  streams = 0
  readonly opened: Promise<ClientHttp2Session>
  readonly #abandoned = new AbortController()
  #client: ClientHttp2Session | undefined

  constructor(request: DialRequest) {
    this.request = request
    this.opened = this.#open()
    this.opened.catch(() => {})
  }

  /** Whether a WebSocket that is asked for like this may share the connection. */
  suits(request: DialRequest): boolean {
    const mine = this.request
    return (
      mine.hostname === request.hostname &&
      mine.port === request.port &&
      mine.secure === request.secure &&
      mine.socketPath === request.socketPath &&
      mine.connect === request.connect &&
      sameValues(mine.tls ?? {}, request.tls ?? {})
    )
  }

  release(): void {
    this.streams -= 1
    if (this.streams > 0) return
    sessions.delete(this)
    this.#abandoned.abort()
    this.#client?.close()
    // A server that does not answer the farewell must not keep the process.
    this.#client?.unref()
  }

  async #open(): Promise<ClientHttp2Session> {
    const { request } = this
    const stream = await streamOf(request, this.#abandoned.signal)
    const socket = connect(request, stream, 'h2')
    // Each request has an authority of its own.
    const client = connectHttp2(request.secure ? 'https://localhost' : 'http://localhost', {
      createConnection: () => socket,
      settings: { enablePush: false },
    })
    this.#client = client
    socket.once('secureConnect', () => {
      if ((socket as TLSSocket).alpnProtocol === 'h2') return
      client.destroy(unable('The server does not speak HTTP/2 (RFC 9113 §3.2)', 'RFC 9113 §3.2'))
    })
    // A connection that fails or goes takes no more streams; those it has are told by themselves.
    const gone = (): void => void sessions.delete(this)
    client.on('goaway', gone)
    client.on('close', gone)
    return new Promise((resolve, reject) => {
      const failed = (error?: Error): void => {
        gone()
        reject(asHandshakeError(error ?? new Error('the server closed the connection')))
      }
      // Without the server's settings there is no connection to end in order.
      const abandoned = (): void => client.destroy()
      this.#abandoned.signal.addEventListener('abort', abandoned)
      client.on('error', failed)
      client.on('close', failed)
      client.once('remoteSettings', ({ enableConnectProtocol }) => {
        this.#abandoned.signal.removeEventListener('abort', abandoned)
        if (enableConnectProtocol === true) resolve(client)
        else {
          gone()
          reject(unable('The server takes no WebSockets over HTTP/2 (RFC 8441 §3)', 'RFC 8441 §3'))
        }
      })
    })
  }
}

function unable(message: string, section: string): HandshakeError {
  return new HandshakeError('ERR_EXTENDED_CONNECT', { message, section })
}

const sessions = new Set<SharedSession>()

function sharedSession(request: DialRequest): SharedSession {
  for (const session of sessions) if (session.suits(request)) return session
  const session = new SharedSession(request)
  sessions.add(session)
  return session
}

function sameValues(a: object, b: object): boolean {
  const mine = Object.entries(a)
  return (
    mine.length === Object.keys(b).length &&
    mine.every(([key, value]) => Object.is(value, (b as Record<string, unknown>)[key]))
  )
}
