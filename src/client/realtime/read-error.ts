import { HandshakeError, RealtimeError } from '../../errors.ts'
import { retryAfterMs } from './http-lines.ts'
import type { CarrierEnd } from './transport.ts'

/** What the error of our WebSocket tells about its end; a browser's tells nothing. */
export function readError(error: unknown): CarrierEnd {
  if (!(error instanceof HandshakeError)) return error instanceof RealtimeError ? { error } : {}
  const { status, headers, message } = error
  const [, retryAfter] = headers.find(([name]) => name.toLowerCase() === 'retry-after') ?? []
  return {
    message,
    status,
    retryAfterMs: retryAfterMs(retryAfter),
    error: status === undefined ? error : undefined,
  }
}
