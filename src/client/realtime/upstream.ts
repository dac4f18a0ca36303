import type { NumberedFrame } from '../../codec/frame.ts'

type WithoutNumber<Frame> = Frame extends unknown ? Omit<Frame, 'id' | 'of' | 'deadlineMs'> : never

/** A frame that goes up; what depends on when it is sent is added then. */
export type UnsentFrame = WithoutNumber<NumberedFrame>

/** What belongs to a frame on its way up, and is not in it. */
export interface OutgoingFacts {
  /** The call it belongs to. */
  readonly of?: Outgoing | undefined
  /** It is about something the server began, and means nothing in another session. */
  readonly bound?: boolean | undefined
  /** When nobody waits for its answer any more. */
  readonly deadline?: number | undefined
}

/** A frame on its way up. */
export interface Outgoing extends OutgoingFacts {
  /** The frame as JSON, but for `id`, `of` and `deadlineMs`. */
  readonly text: string
  readonly bytes: number
  /** Whether it has no answer, so that nobody would hear if it were lost. */
  readonly unanswered: boolean
  /** Its number in the session; 0 until a carrier takes it. */
  id: number
}

const encoder = new TextEncoder()

/** What is sent is what `frame` holds now, whatever becomes of its body later. */
export function outgoing(frame: UnsentFrame, facts: OutgoingFacts = {}): Outgoing {
  const text = JSON.stringify(frame)
  return { text, bytes: encoder.encode(text).length, unanswered: frame.type === 'send', id: 0, ...facts }
}

/**
 * What a client has to say: frames that no carrier has taken yet, and those that one took and the server has not
 * acknowledged. A frame gets its number when it is first taken, so until then it can be withdrawn, and outlives the
 * session. Unlike the server's `Outbox` it drops nothing for room: what does not fit is refused before.
 */
export class Upstream {
  readonly #maxBytes: number
  #taken: Outgoing[] = []
  /** Of those that were taken, how many this carrier took. */
  #next = 0
  #waiting: Outgoing[] = []
  #lastId = 0
  /** Bytes of all frames that wait or are kept. */
  bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Frames that wait or are kept. */
  get size(): number {
    return this.#taken.length + this.#waiting.length
  }

  /** Puts a frame behind all others. False where there is no room for it, and `required` does not say that it must fit. */
  push(frame: Outgoing, required: boolean): boolean {
    if (!required && this.bytes + frame.bytes > this.#maxBytes) return false
    this.#waiting.push(frame)
    this.bytes += frame.bytes
    return true
  }

  /** Puts frames in front of all that wait. */
  putFirst(frames: readonly Outgoing[]): void {
    this.#waiting = [...frames, ...this.#waiting]
    for (const { bytes } of frames) this.bytes += bytes
  }

  /** Takes a frame back, and what belongs to it. False where a carrier has taken it. */
  withdraw(frame: Outgoing): boolean {
    if (frame.id > 0) return false
    this.#waiting = this.#kept(this.#waiting, (one) => one !== frame && one.of !== frame)
    return true
  }

  /** The next frame for the carrier, as text. */
  take(now: number): string | undefined {
    let frame = this.#taken[this.#next]
    if (!frame) {
      frame = this.#waiting.shift()
      if (!frame) return undefined
      this.#lastId += 1
      frame.id = this.#lastId
      this.#taken.push(frame)
    }
    this.#next += 1
    return written(frame, now)
  }

  /** The server has everything up to `id`. */
  acknowledge(id: number): void {
    const count = this.#taken.findIndex((frame) => frame.id > id)
    const gone = this.#taken.splice(0, count < 0 ? this.#taken.length : count)
    this.#next = Math.max(0, this.#next - gone.length)
    for (const { bytes } of gone) this.bytes -= bytes
  }

  /** The session goes on with another carrier: what the server does not have comes again. */
  rewind(received: number): void {
    this.acknowledge(received)
    this.#next = 0
  }

  /** Forgets the first frame that was taken and not acknowledged. */
  dropFirst(): Outgoing | undefined {
    const frame = this.#taken.shift()
    this.bytes -= frame?.bytes ?? 0
    return frame
  }

  /** Another session begins. Answers how many frames without answer were taken, and may or may not have arrived. */
  renew(): number {
    const unconfirmed = this.#taken.filter(({ unanswered }) => unanswered).length
    this.#waiting = this.#kept(this.#waiting, ({ bound, of }) => !bound && !(of && of.id > 0))
    this.#taken = this.#kept(this.#taken, () => false)
    this.#next = 0
    return unconfirmed
  }

  #kept(frames: readonly Outgoing[], wanted: (frame: Outgoing) => boolean): Outgoing[] {
    return frames.filter((frame) => {
      if (wanted(frame)) return true
      this.bytes -= frame.bytes
      return false
    })
  }
}

/** The frame with what belongs to this moment. */
function written({ id, of, deadline = Number.POSITIVE_INFINITY, text }: Outgoing, now: number): string {
  const call = of ? `"of":${of.id},` : ''
  const time =
    deadline === Number.POSITIVE_INFINITY ? '' : `"deadlineMs":${Math.max(1, Math.ceil(deadline - now))},`
  return `{"id":${id},${call}${time}${text.slice(1)}`
}
