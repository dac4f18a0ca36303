import { Buffer } from 'node:buffer'
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { connect as connectTcp, isIP, Socket } from 'node:net'
import type { Duplex, Readable } from 'node:stream'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { type ErrorCode, HandshakeError, RealtimeError } from '../../errors.ts'
import { HeaderList } from '../../protocol/header-list.ts'
import { untilAborted } from '../../util/until-aborted.ts'
import type { Dial, DialAnswer, DialRequest } from '../contract.ts'
import { linkOf } from './links.ts'

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
    const answered = (head: ResponseHead, rest: Pick<DialAnswer, 'link' | 'readBody' | 'discard'>): void => {
      signal.removeEventListener('abort', aborted)
      resolve({ status: head.statusCode as number, headers: new HeaderList(head.rawHeaders), ...rest })
    }
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted, { once: true })
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
      const link = linkOf(socket, first, request.rawHandles)
      answered(response, { link, readBody: noBody, discard: () => link.destroy() })
    })
    const discard = (): void => void client.destroy()
    client.on('response', (response) => {
      const readBody = (): Promise<string> => startOf(response, signal).finally(discard)
      answered(response, { link: undefined, readBody, discard })
    })
    // A 101 without the header fields of an upgrade; its body is anybody's guess.
    client.on('information', (head) => {
      if (head.statusCode === 101) answered(head, { link: undefined, readBody: noBody, discard })
    })
    client.end()
  })
}

type ResponseHead = Pick<IncomingMessage, 'statusCode' | 'rawHeaders'>

const noBody = async (): Promise<string> => ''

/** @throws {HandshakeError} where Node's own checks find something wrong, such as an agent for another protocol */
function send(request: DialRequest, stream: Duplex | undefined): ClientRequest {
  try {
    return requestOf(request, stream)
  } catch (error) {
    stream?.destroy()
    throw asHandshakeError(error)
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

/** What the caller's own function connects, if there is one; what comes after the signal is cut off. */
export async function streamOf(request: DialRequest, signal: AbortSignal): Promise<Duplex | undefined> {
  signal.throwIfAborted()
  const { connect, hostname, port, secure } = request
  if (connect === undefined) return undefined
  const making = (async () => connect({ hostname, port, secure }) as Promise<Duplex>)()
  try {
    return await untilAborted(making, signal)
  } catch (error) {
    const cutOff = (stream: Duplex): void => {
      stream.on('error', () => {})
      stream.destroy()
    }
    making.then(cutOff, () => {})
    throw asHandshakeError(error)
  }
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
export function asHandshakeError(cause: unknown): RealtimeError {
  if (cause instanceof RealtimeError) return cause
  const error = cause instanceof Error ? cause : new Error(String(cause))
  const name = (error as { code?: string }).code
  const isParseError = name?.startsWith('HPE_') === true
  let code: ErrorCode = 'ERR_NETWORK'
  if (name === 'HPE_HEADER_OVERFLOW') code = 'ERR_HTTP_HEAD_TOO_LARGE'
  else if (isParseError) code = 'ERR_HTTP_MALFORMED'
  // Where several addresses were tried, the error of all of them has no text of its own.
  const why = error.message || name || 'unknown reason'
  const message = isParseError ? `The server's answer is not HTTP: ${why}` : `The connection failed: ${why}`
  return new HandshakeError(code, { message, cause })
}
