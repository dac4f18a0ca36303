import type { WireError } from '../../codec/frame.ts'
import { toJson } from '../../codec/json.ts'
import type { ErrorCode } from '../../errors.ts'

/** Status of a refusal, by code; 400 for all others. */
const statuses: Partial<Record<ErrorCode, number>> = {
  ERR_UNAUTHORIZED: 401,
  ERR_APPLICATION: 403,
  ERR_CHANNEL: 404,
  ERR_EVENT: 404,
  ERR_INPUT: 422,
  ERR_RATE: 429,
  ERR_TOO_MANY: 503,
  ERR_HANDLER: 500,
  ERR_OUTPUT: 500,
  ERR_SESSION: 503,
  ERR_DEADLINE: 504,
}

/** A value as a response. */
export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(`${toJson(value)}\n`, {
    status,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers },
  })
}

/** An error as a response. */
export function failure(error: WireError): Response {
  const { retryAfterMs } = error
  const headers = retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) }
  return json({ error }, statuses[error.code] ?? 400, headers)
}
