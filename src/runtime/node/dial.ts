import { Buffer } from 'node:buffer'
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { connect as connectTcp, isIP, Socket } from 'node:net'
import type { Duplex, Readable } from 'node:stream'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { type ErrorCode, HandshakeError, RealtimeError } from '../../errors.ts'
import { HeaderList } from '../../protocol/header-list.ts'
import type { Dial, DialAnswer, DialRequest } from '../contract.ts'
import { StreamLink } from './stream-link.ts'

/** How much of a refusal's body is worth reading. */
const maxBodyBytes = 4_096

/** Asks for a WebSocket over HTTP/1.1 (RFC 6455 §4.1). */
export const dial: Dial = async (request, signal) => {
  const stream = await streamOf(request, signal)
  const client = send(request, stream)
  return new Promise<DialAnswer>((resolve, reject) => {
    const aborted = (): void => {
      reject(signal.reason)
      client.destroy()
    }
    const answered = (answer: DialAnswer): void => {
      signal.removeEventListener('abort', aborted)
      resolve(answer)
    }
    signal.addEventListener('abort', aborted, { once: true })
    // Listens until the end: a request that was given up may still fail.
    client.on('error', (error) => {
      signal.removeEventListener('abort', aborted)
      reject(asHandshakeError(error))
    })
    client.on('upgrade', (response: IncomingMessage, socket: Duplex, first: Buffer) => {
      if (socket instanceof Socket) {
        socket.setNoDelay(true)
        socket.setTimeout(0)
      }
      const link = new StreamLink(socket, first)
      answered({
        status: response.statusCode as number,
        headers: new HeaderList(response.rawHeaders),
        link,
        readBody: async () => '',
        discard: () => link.destroy(),
      })
    })
    client.on('response', (response) => {
      answered({
        status: response.statusCode as number,
        headers: new HeaderList(response.rawHeaders),
        link: undefined,
        readBody: () => startOf(response, signal).finally(() => client.destroy()),
        discard: () => void client.destroy(),
      })
    })
    // A 101 without the header fields of an upgrade; its body is anybody's guess.
    client.on('information', (response) => {
      if (response.statusCode !== 101) return
      answered({
        status: 101,
        headers: new HeaderList(response.rawHeaders),
        link: undefined,
        readBody: async () => '',
        discard: () => void client.destroy(),
      })
    })
    client.end()
  })
}

/** @throws {HandshakeError} where Node's own checks find something wrong, such as an agent for another protocol */
function send(request: DialRequest, stream: Duplex | undefined): ClientRequest {
  try {
    return requestOf(request, stream)
  } catch (error) {
    stream?.destroy()
    throw asHandshakeError(error as Error)
  }
}

function requestOf(request: DialRequest, stream: Duplex | undefined): ClientRequest {
  const { agent, hostname, port, socketPath, tls, secure } = request
  const options = {
    path: request.target,
    headers: request.headers.flat(),
    maxHeaderSize: request.maxHeaderBytes,
  }
  if (agent === undefined) {
    return requestHttp({ ...options, createConnection: () => connect(request, stream, 'http/1.1') })
  }
  const make = secure ? requestHttps : requestHttp
  return make({
    ...options,
    ...(tls as object),
    agent: agent as never,
    host: hostname,
    port,
    ...(socketPath !== undefined && { socketPath }),
  })
}

/** A connection, with TLS on it where that is wanted; `protocol` is what to agree on by ALPN (RFC 7301). */
export function connect(
  { hostname, port, socketPath, tls, secure }: DialRequest,
  stream: Duplex | undefined,
  protocol: 'http/1.1' | 'h2',
): Duplex {
  const place = {
    ...(socketPath === undefined ? { host: hostname, port } : { path: socketPath }),
    // Half-open, so that a server that ends its side early still gets our close frame; HTTP/2 has streams for that.
    allowHalfOpen: protocol === 'http/1.1',
  }
  if (!secure) return stream ?? connectTcp(place)
  return connectTls({
    ...(isIP(hostname) === 0 && { servername: hostname }),
    ...tls,
    ALPNProtocols: [protocol],
    ...(stream === undefined ? place : { socket: stream, host: hostname }),
  } as ConnectionOptions)
}

/** What the caller's own function connects, if there is one; should the signal come first, what comes later is cut. */
export function streamOf(request: DialRequest, signal: AbortSignal): Promise<Duplex | undefined> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const aborted = (): void => reject(signal.reason)
    signal.addEventListener('abort', aborted, { once: true })
    const { hostname, port, secure } = request
    const making = async () => request.connect?.({ hostname, port, secure })
    making().then(
      (made) => {
        signal.removeEventListener('abort', aborted)
        const stream = made as Duplex | undefined
        if (signal.aborted && stream !== undefined) {
          stream.on('error', () => {})
          stream.destroy()
        } else resolve(stream)
      },
      (cause: unknown) => {
        signal.removeEventListener('abort', aborted)
        reject(asHandshakeError(cause instanceof Error ? cause : new Error(String(cause))))
      },
    )
  })
}

/** The start of a body as text, until there is enough of it, it ends, breaks off or is given up. */
export function startOf(body: Readable, signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    let length = 0
    const finish = (): void => {
      signal.removeEventListener('abort', finish)
      resolve(Buffer.concat(parts).toString('utf8', 0, Math.min(length, maxBodyBytes)))
    }
    signal.addEventListener('abort', finish, { once: true })
    if (signal.aborted) finish()
    body.on('data', (part: Buffer) => {
      parts.push(part)
      length += part.length
      if (length >= maxBodyBytes) finish()
    })
    body.on('end', finish)
    body.on('error', finish)
    body.on('close', finish)
  })
}

/** Why no answer came, in our words. */
export function asHandshakeError(error: Error): RealtimeError {
  if (error instanceof RealtimeError) return error
  const name = (error as { code?: string }).code
  const isParseError = name?.startsWith('HPE_') === true
  let code: ErrorCode = 'ERR_NETWORK'
  if (name === 'HPE_HEADER_OVERFLOW') code = 'ERR_HTTP_HEAD_TOO_LARGE'
  else if (isParseError) code = 'ERR_HTTP_MALFORMED'
  // Where several addresses were tried, the error of all of them has no text of its own.
  const why = error.message || name || 'unknown reason'
  const message = isParseError ? `The server's answer is not HTTP: ${why}` : `The connection failed: ${why}`
  return new HandshakeError(code, { message, cause: error })
}
