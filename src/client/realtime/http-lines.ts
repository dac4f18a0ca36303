import { RealtimeError } from '../../errors.ts'
import type { CarrierEnd } from './transport.ts'

/** Longer than any frame of a server whose limits are sane. */
const maxFrameLength = 67_108_864

/** RFC 9110 §10.2.3, in seconds; a date is as good as nothing here. */
export function retryAfterMs(value: string | null | undefined): number | undefined {
  return value && /^\d{1,9}$/.test(value) ? Number(value) * 1_000 : undefined
}

/** An answer that our server has not given: of somebody in between, or damaged there. */
export function foreignAnswer(what: string, code: 'ERR_FRAME' | 'ERR_REDIRECT' = 'ERR_FRAME'): RealtimeError {
  return new RealtimeError(code, { message: `The answer ${what}` })
}

/** What an answer says that brings no frames; nothing where it brings some. */
export function refusalOf({ ok, status, type, headers }: Response): CarrierEnd | undefined {
  if (ok) return undefined
  // A page is not told where it leads to; and what is secret should not follow.
  if (type === 'opaqueredirect' || (status >= 300 && status < 400))
    return { error: foreignAnswer('is a redirect', 'ERR_REDIRECT') }
  return { status, retryAfterMs: retryAfterMs(headers.get('retry-after')) }
}

/**
 * Reads frames: a line each, or with `asEvents` the `data` of an event each, however the answer is split. `take` answers
 * whether to go on. Answers how many there were.
 *
 * @throws {RealtimeError} `ERR_FRAME`: what came is not made of frames, or ends within one
 */
export async function readFrames(
  { body }: Response,
  asEvents: boolean,
  take: (frame: string) => boolean,
): Promise<number> {
  const decoder = new TextDecoder()
  const reader = body?.getReader()
  let rest = ''
  let count = 0
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true }
    const text = decoder.decode(value, { stream: !done })
    // What waits has no end of a line in it: it is looked at once, however long it gets.
    const lines = text.split('\n')
    lines[0] = rest + lines[0]
    rest = lines.pop() as string
    for (const line of lines) {
      const frame = (asEvents ? /^data:(.*)/.exec(line)?.[1] : line)?.trim()
      if (!frame) continue
      if (!/^({|msgpack:)/.test(frame)) throw foreignAnswer('has something in it that is no frame')
      count += 1
      if (!take(frame)) return count
    }
    if (rest.length > maxFrameLength) throw foreignAnswer('has no end')
    if (!done && (asEvents || !rest || /^[{m]/.test(rest))) continue
    if (rest.trim()) throw foreignAnswer('ends within a frame')
    if (done) return count
  }
}
