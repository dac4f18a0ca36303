import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { upgradeHeaders } from '../../protocol/server-handshake.ts'
import { IncomingBody } from './incoming-body.ts'

type NodeRequest = IncomingMessage | Http2ServerRequest
type NodeResponse = ServerResponse | Http2ServerResponse
type Fetch = (request: Request) => Response | Promise<Response>

/** Answers requests that are no upgrade: by the application's `fetch`, or with 426 where there is none. */
export function answerRequests(
  fetch: Fetch | undefined,
  failed: (error: Error) => void,
): (request: NodeRequest, response: NodeResponse) => void {
  return (request, response) => {
    answer(fetch, request, response).catch((error: Error) => {
      failed(error)
      if (response.headersSent) ('stream' in response ? response.stream : response).destroy()
      else {
        response.statusCode = 500
        response.end('Internal Server Error\n')
      }
    })
  }
}

async function answer(fetch: Fetch | undefined, request: NodeRequest, response: NodeResponse): Promise<void> {
  if (fetch === undefined) {
    response.statusCode = 426
    for (const [name, value] of upgradeHeaders) {
      if (request.httpVersionMajor < 2 || name.startsWith('Sec-')) response.setHeader(name, value)
    }
    response.setHeader('Content-Type', 'text/plain; charset=utf-8')
    response.end('This address speaks WebSocket.\n')
    return
  }
  const url = urlOf(request)
  if (url === undefined || methodsOfNoFetch.test(request.method as string)) {
    response.statusCode = url === undefined ? 400 : 501
    response.end()
    return
  }
  const abort = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) abort.abort()
  })
  const body = hasBody(request) ? new IncomingBody(request) : undefined
  // A response of HTTP/2 says so only when the request is over too.
  const written = 'stream' in response ? response.stream : response
  if (body !== undefined) written.once('finish', () => body.answered())
  await send(await fetch(toRequest(url, request, body, abort.signal)), request, response)
}

/** Methods that the Fetch standard refuses in a `Request`. */
const methodsOfNoFetch = /^(connect|trace|track)$/i

/** The URL that was asked for, or `undefined` where target and host make none (RFC 9112 §3.2). */
function urlOf(request: NodeRequest): URL | undefined {
  const target = request.url as string
  const scheme = 'encrypted' in request.socket ? 'https' : 'http'
  const host = request.headers[':authority'] ?? request.headers.host ?? 'localhost'
  // Put together and not resolved against each other: `//x/y` is a path here, and names no other host.
  const isWhole = /^https?:\/\//i.test(target)
  const url = isWhole ? target : `${scheme}://${host}${target.startsWith('/') ? '' : '/'}${target}`
  const isClean = isWhole || !/[/?#@\\\s]/.test(String(host))
  return isClean && URL.canParse(url) ? new URL(url) : undefined
}

function hasBody({ method }: NodeRequest): boolean {
  return method !== 'GET' && method !== 'HEAD'
}

function toRequest(
  url: URL,
  request: NodeRequest,
  body: IncomingBody | undefined,
  signal: AbortSignal,
): Request {
  const headers = new Headers()
  const { rawHeaders } = request
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    if (!name.startsWith(':')) headers.append(name, rawHeaders[at + 1] as string)
  }
  return new Request(url, {
    method: request.method as string,
    headers,
    signal,
    ...(body && { body: body.stream, duplex: 'half' }),
  })
}

async function send(answered: Response, request: NodeRequest, response: NodeResponse): Promise<void> {
  if (response.destroyed) {
    // Nobody is there any more, and the body must not wait for a reader.
    await answered.body?.cancel()
    return
  }
  response.statusCode = answered.status
  for (const [name, value] of answered.headers) {
    if (name === 'set-cookie') continue
    response.setHeader(name, value)
  }
  const cookies = answered.headers.getSetCookie()
  if (cookies.length > 0) response.setHeader('set-cookie', cookies)
  if (answered.body === null || request.method === 'HEAD') {
    response.end()
    return
  }
  if (('stream' in response ? response.stream : response).destroyed) {
    await answered.body.cancel()
    return
  }
  try {
    await pipeline(Readable.fromWeb(answered.body as import('node:stream/web').ReadableStream), response)
  } catch (error) {
    // The reader going away is its own affair.
    if ((error as { code?: string }).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}
