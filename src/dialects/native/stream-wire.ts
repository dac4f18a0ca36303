import type { SharedMessage } from '../../protocol/shared-message.ts'
import type { WheelEntry } from '../../util/timer-wheel.ts'
import type { Connection, ConnectionSettings, Wire } from './connection.ts'
import { lineOf } from './encoder.ts'
import { lineHeaders } from './line-headers.ts'

const encoder = new TextEncoder()

/**
 * Frames downwards as one long answer: lines, or an event stream. Whoever reads it cannot answer on it: that it is still there
 * is heard by its other requests, for which it is asked.
 */
export class StreamWire implements Wire, WheelEntry {
  wheelTick = -1
  readonly headers: Headers
  readonly remoteAddress = undefined
  readonly #settings: ConnectionSettings
  readonly #asEvents: boolean
  /** How often something is said. */
  #everyMs: number
  #connection: Connection | undefined
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  /** When something was said last, and when the client was heard. */
  #saidAt: number
  #heardAt: number
  /** Since when the client has been asked whether it is there. */
  #askedAt: number | undefined

  constructor(
    settings: ConnectionSettings,
    request: Request,
    asEvents: boolean,
    answer: (response: Response) => void,
  ) {
    this.#settings = settings
    this.#everyMs = settings.heartbeat.everyMs
    this.headers = request.headers
    this.#asEvents = asEvents
    this.#saidAt = settings.core.now()
    this.#heardAt = this.#saidAt
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller
      },
      pull: () => this.#connection?.drained(),
      cancel: () => this.#lost(),
    })
    request.signal.addEventListener('abort', () => this.#lost())
    answer(
      new Response(body, {
        headers: { ...lineHeaders, ...(asEvents && { 'Content-Type': 'text/event-stream' }) },
      }),
    )
    this.#wait()
  }

  /** Names who is told when there is room, and when the client is gone. */
  start(connection: Connection): void {
    this.#connection = connection
  }

  send(frame: string | SharedMessage): boolean {
    if (this.#controller === undefined) return false
    const text = lineOf(frame, this.#settings.frames.codec)
    this.#controller.enqueue(encoder.encode(this.#asEvents ? `data: ${text}\n\n` : `${text}\n`))
    this.#saidAt = this.#settings.core.now()
    return (this.#controller.desiredSize ?? 0) > 0
  }

  alive(): void {
    this.#heardAt = this.#settings.core.now()
    this.#askedAt = undefined
  }

  keepUp(everyMs: number): void {
    this.#everyMs = Math.min(this.#everyMs, everyMs)
    this.#wait()
  }

  /** There is nothing to read behind the request. */
  pause(): void {}
  resume(): void {}

  close(): void {
    this.#controller?.close()
    this.#stop()
  }

  /** The wheel: asks whoever has not been heard, and whoever heard nothing; gives up who does not answer. */
  expire(): void {
    const now = this.#settings.core.now()
    const { everyMs, graceMs } = this.#settings.heartbeat
    if (this.#askedAt !== undefined && this.#askedAt + graceMs <= now) {
      const message = 'Nobody answers (a ping is answered with a pong, by a request of its own)'
      this.#connection?.close({ why: 'timeout', message, reconnect: true })
      return
    }
    const isUnheard = this.#askedAt === undefined && this.#heardAt + everyMs <= now
    if (isUnheard) this.#askedAt = now
    if (isUnheard || this.#saidAt + this.#everyMs <= now) this.send('{"type":"ping"}')
    this.#wait()
  }

  /** Looks again when the first of these could be due. */
  #wait(): void {
    if (this.#controller === undefined) return
    const { everyMs, graceMs } = this.#settings.heartbeat
    const judgedAt = this.#askedAt === undefined ? this.#heardAt + everyMs : this.#askedAt + graceMs
    const dueAt = Math.min(this.#saidAt + this.#everyMs, judgedAt)
    this.#settings.core.wait(this, Math.max(0, dueAt - this.#settings.core.now()))
  }

  #lost(): void {
    this.#stop()
    this.#connection?.lost()
  }

  #stop(): void {
    this.#controller = undefined
    this.#settings.core.stopWaiting(this)
  }
}
