import type { TextCodec } from './text.ts'

/** Close codes with a name (RFC 6455 §7.4.1 and the IANA registry). */
export const NORMAL_CLOSURE = 1000
export const GOING_AWAY = 1001
export const PROTOCOL_ERROR = 1002
export const UNSUPPORTED_DATA = 1003
/** Stands for a close frame without a code; never on the wire. */
export const NO_STATUS_RECEIVED = 1005
/** Stands for a connection that ended without a close frame; never on the wire. */
export const ABNORMAL_CLOSURE = 1006
export const INVALID_PAYLOAD = 1007
export const POLICY_VIOLATION = 1008
export const MESSAGE_TOO_BIG = 1009
export const MANDATORY_EXTENSION = 1010
export const INTERNAL_ERROR = 1011
export const SERVICE_RESTART = 1012
export const TRY_AGAIN_LATER = 1013
export const BAD_GATEWAY = 1014

/** Longest close reason in UTF-8 bytes: a control payload less the two bytes of the code. */
export const maxReasonBytes = 123

/** Whether a close frame may carry `code`: 1000–1003, 1007–1014, 3000–4999 (RFC 6455 §7.4). */
export function isWireCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999)
}

/** A close frame as sent or received; `code` is 1005 where the frame had none. */
export interface CloseFrame {
  readonly code: number
  readonly reason: string
}

/** As much of `reason` as a close frame takes: whole characters, at most 123 bytes. */
export function fittingReason(reason: string, text: TextCodec<unknown>): string {
  if (text.byteLength(reason) <= maxReasonBytes) return reason
  let bytes = 0
  let end = 0
  for (const character of reason) {
    bytes += text.byteLength(character)
    if (bytes > maxReasonBytes) break
    end += character.length
  }
  return reason.slice(0, end)
}

/** The payload of a close frame with a code (§5.5.1); `reason` is known to fit. */
export function closePayload(code: number, reason: string, text: TextCodec<unknown>): Uint8Array {
  const payload = new Uint8Array(2 + text.byteLength(reason))
  payload[0] = code >>> 8
  payload[1] = code
  text.encodeInto(reason, payload, 2)
  return payload
}
