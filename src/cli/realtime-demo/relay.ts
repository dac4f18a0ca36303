import type { RouteOptions, Socket } from '../../index.server.ts'
import { WebSocket } from '../../index.ts'
import type { Link, Passing } from './link.ts'
import type { Links } from './links.ts'

/** Tells the server behind the relay over which link somebody comes. */
export const linkHeader = 'x-polyplex-link'

const mostMessageBytes = 65_536
const mostBodyBytes = 262_144

/** What passes over the relay, of the answer to a request. */
const headersPassed = ['content-type', 'cache-control', 'retry-after', 'x-accel-buffering']

/** A WebSocket of a page, and what it says. */
interface Pair {
  readonly passing: Passing
  said(data: string | Uint8Array): void
}

/**
 * Stands between the pages and the server of the channels, at `/live/NAME`: passes everything on, as the link of that name
 * lets it, and knows nothing of what passes.
 */
export class Relay {
  readonly #links: Links
  /** Of the server behind, such as `ws://127.0.0.1:4000/`. */
  readonly #target: string

  constructor(links: Links, target: string) {
    this.#links = links
    this.#target = target
  }

  /** WebSockets of pages: each has one of its own to the server behind. */
  readonly route: RouteOptions<Pair | undefined> = {
    limits: { maxMessageBytes: mostMessageBytes },
    admit: ({ params }) => {
      const link = this.#links.at(params['link'] ?? '')
      if (link === undefined || link.isFull) return refusal('There are too many connections.', 503)
      if (link.blocksWebSocket) return refusal('The network panel blocks WebSocket.', 503)
      return link.passage === 'offline' ? refusal('The network panel is offline.', 503) : undefined
    },
    open: (socket) => this.#join(socket),
    message: (socket, data) => socket.data?.said(data),
    close: (socket) => socket.data?.passing.end(),
  }

  #join(socket: Socket<Pair | undefined>): void {
    const name = socket.request.params['link'] ?? ''
    const link = this.#links.at(name) as Link
    const behind = new WebSocket(this.#target, {
      protocols: [...socket.request.protocols],
      headers: { [linkHeader]: name },
    })
    const passing = link.begin(() => {
      socket.terminate()
      behind.onmessage = null
      behind.onclose = null
      behind.close()
    })
    socket.data = { passing, said: (data) => passing.up.pass(data.length, () => behind.send(data)) }
    socket.pause()
    behind.onopen = () => socket.resume()
    behind.binaryType = 'arraybuffer'
    behind.onmessage = (event) => {
      const data = event.data as string | ArrayBuffer
      const bytes = typeof data === 'string' ? data.length : data.byteLength
      passing.down.pass(bytes, () => socket.send(data))
    }
    // 1005 and 1006 say that no code came, and cannot be sent.
    behind.onclose = ({ code, reason }) =>
      passing.down.pass(0, () => socket.close(code === 1005 || code === 1006 ? 1011 : code, reason))
  }

  /** Requests of pages that have no WebSocket: passed on with their answers, which may last. */
  async fetch(request: Request, name: string, search: string): Promise<Response> {
    const link = this.#links.at(name)
    if (link === undefined || link.isFull) return refusal('There are too many connections.', 503)
    if (link.passage === 'offline') return refusal('The network panel is offline.', 503)
    if (isForeign(request)) return refusal('Not from here.', 403)
    const body = await bodyOf(request)
    if (body === undefined) return refusal('The request is too long.', 413)
    const ended = new AbortController()
    const passing = link.begin(() => ended.abort())
    request.signal.addEventListener('abort', () => passing.end())
    try {
      await through(passing.up, body.length, ended.signal)
      const answer = await fetch(`${this.#target.replace(/^ws/, 'http')}${search}`, {
        method: request.method,
        headers: { 'Content-Type': request.headers.get('content-type') ?? 'text/plain', [linkHeader]: name },
        ...(request.method === 'POST' && { body }),
        signal: ended.signal,
      })
      const headers = headersPassed.flatMap((field) => {
        const value = answer.headers.get(field)
        return value === null ? [] : [[field, value] as [string, string]]
      })
      return new Response(answer.body && lasting(answer.body, passing, ended.signal), {
        status: answer.status,
        headers,
      })
    } catch {
      passing.end()
      return refusal('The network panel cut the connection.', 503)
    }
  }
}

/** Whether it comes from a page of another origin. */
function isForeign({ headers }: Request): boolean {
  const origin = headers.get('origin')
  return origin !== null && !(URL.canParse(origin) && new URL(origin).host === headers.get('host'))
}

/** What a request says, as text; nothing where that is too much. */
async function bodyOf({ body, headers }: Request): Promise<string | undefined> {
  if (body === null) return ''
  if (Number(headers.get('content-length')) > mostBodyBytes) return undefined
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > mostBodyBytes) return undefined
  }
  return text + decoder.decode()
}

/** Resolves when so many bytes are through the lane. */
function through(lane: Passing['up'], bytes: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
    lane.pass(bytes, resolve)
  })
}

/** A body that comes as the link lets it, and breaks off where the link is cut. */
function lasting(
  body: ReadableStream<Uint8Array>,
  passing: Passing,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read()
      await through(passing.down, value?.length ?? 0, signal)
      if (value !== undefined) controller.enqueue(value)
      if (!done) return
      controller.close()
      passing.end()
    },
    cancel: () => passing.end(),
  })
}

function refusal(why: string, status: number): Response {
  return new Response(`${why}\n`, { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' } })
}
