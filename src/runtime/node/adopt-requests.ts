import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
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
    const [request, response] = args as [NodeRequest, NodeResponse]
    if (isOver || event !== 'request' || !wants(request.url ?? '')) return emit.call(server, event, ...args)
    answer(request, response)
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
