import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AdoptableServer } from './adopt.ts'
import { answerRequests } from './fetch-bridge.ts'

type NodeRequest = IncomingMessage | Http2ServerRequest
type NodeResponse = ServerResponse | Http2ServerResponse

/**
 * Answers those requests of a server that somebody else runs whose target is ours; all others go to the server's own listeners, also to those
 * that come later. A listener of ours beside them would see requests that they have answered already: so ours are taken before they are told.
 * Answers to what undoes it.
 */
export function adoptRequests(
  server: AdoptableServer,
  wants: (target: string) => boolean,
  fetch: (request: Request) => Response | Promise<Response>,
  failed: (error: Error) => void,
): () => void {
  const answer = answerRequests(fetch, failed)
  const { emit } = server
  const isOwn = Object.hasOwn(server, 'emit')
  let isOver = false
  const emitOthers: AdoptableServer['emit'] = (event, ...args) => {
    const target = isOver ? undefined : targetOf(server, event, args)
    if (target === undefined || !wants(target)) return emit.call(server, event, ...args)
    answer(...((event === 'request' ? args : exchangeOf(args as StreamArgs)) as [NodeRequest, NodeResponse]))
    return true
  }
  server.emit = emitOthers
  return () => {
    isOver = true
    // Where somebody else has put theirs before ours, ours passes everything on.
    if (server.emit !== emitOthers) return
    if (isOwn) server.emit = emit
    else delete (server as { emit?: unknown }).emit
  }
}

/** Arguments of the event `stream` of a server of HTTP/2. */
type StreamArgs = [ServerHttp2Stream, IncomingHttpHeaders, flags: number, rawHeaders: string[]]

/** What a request is for, where the event tells of one. Only without listeners for `request` are those of HTTP/2 told by `stream`. */
function targetOf(server: AdoptableServer, event: string, args: unknown[]): string | undefined {
  if (event === 'request') return (args[0] as NodeRequest).url
  if (event !== 'stream' || server.listenerCount('request') > 0) return undefined
  const [, headers] = args as StreamArgs
  return headers[':method'] === 'CONNECT' ? undefined : headers[':path']
}

/** What listeners for `request` would be given. */
function exchangeOf([stream, headers, , rawHeaders]: StreamArgs): [Http2ServerRequest, Http2ServerResponse] {
  return [new Http2ServerRequest(stream, headers, {}, rawHeaders), new Http2ServerResponse(stream)]
}
