import { type CloseFrame, closeCodes, type Why } from '../../codec/frame.ts'
import type { Reason } from './state.ts'
import type { CarrierEnd } from './transport.ts'

/** What the end of a carrier means for the session. */
export interface Verdict {
  readonly reason: Reason
  /** Whether to come back: by itself, with another token, when the program says so, or never. */
  readonly again: 'yes' | 'token' | 'asked' | 'never'
  /** Not before so many milliseconds have passed. */
  readonly afterMs: number
  /** Where to. */
  readonly url?: string | undefined
}

/** Whether to come back, where it is not by itself. */
const comingBack: Readonly<Record<string, Verdict['again']>> = {
  normal: 'never',
  protocolError: 'never',
  unauthorized: 'token',
  kicked: 'never',
  replaced: 'never',
}

/** What the server said with a frame. */
export function verdictOfFrame(frame: CloseFrame): Verdict {
  const { why = 'goingAway', message, reconnect, afterMs = 0, url } = frame
  const usual = comingBackAfter(why)
  const asked = reconnect ? 'yes' : 'never'
  return {
    reason: { why, message, closeCode: closeCodes[why] },
    // Another token is worth a try even where this one need not come back.
    again: usual === 'token' || reconnect === undefined ? usual : asked,
    afterMs,
    url,
  }
}

function comingBackAfter(why: Why): Verdict['again'] {
  return comingBack[why] ?? 'yes'
}

/** What our server does not say: somebody else did. */
const foreign: ReadonlySet<string> = new Set(['ERR_FRAME', 'ERR_REDIRECT'])

/** What can be read from how the carrier ended, when no frame said it. `opened`: whether it ever was open. */
export function verdictOfEnd(end: CarrierEnd, opened = false): Verdict {
  const { code, status, error, retryAfterMs: afterMs = 0 } = end
  const message = end.message || error?.message
  if (status !== undefined)
    return { reason: { why: 'status', status, message }, again: comingBackFrom(status), afterMs }
  const why = (Object.keys(closeCodes) as Why[]).find((one) => closeCodes[one] === code)
  // A close without a frame of the protocol may come from anybody between: only what is ours alone is believed.
  if (why !== undefined && code !== 1000)
    return { reason: { why, closeCode: code, message }, again: comingBackAfter(why), afterMs }
  const before = error !== undefined && foreign.has(error.code) ? 'blocked' : 'unreachable'
  return {
    reason: { why: opened ? 'lost' : before, closeCode: code, code: error?.code, message },
    again: 'yes',
    afterMs,
  }
}

/** Most refusals stay as they are until somebody does something; these few are about the moment. */
const momentary: ReadonlySet<number> = new Set([408, 421, 423, 425, 426, 429])

function comingBackFrom(status: number): Verdict['again'] {
  if (status === 401) return 'token'
  return status >= 400 && status < 500 && !momentary.has(status) ? 'asked' : 'yes'
}
