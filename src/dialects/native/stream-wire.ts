import type { SharedMessage } from '../../protocol/shared-message.ts'
import type { WheelEntry } from '../../util/timer-wheel.ts'
import type { Connection, ConnectionSettings, Wire } from './connection.ts'
import { lineHeaders } from './line-headers.ts'

const encoder = new TextEncoder()

/** Frames downwards as one long answer: lines, or an event stream. */
export class StreamWire implements Wire, WheelEntry {
  wheelTick = -1
  readonly headers: Headers
  readonly remoteAddress = undefined
  readonly #settings: ConnectionSettings
  readonly #asEvents: boolean
  #connection: Connection | undefined
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined

  constructor(
    settings: ConnectionSettings,
    request: Request,
    asEvents: boolean,
    answer: (response: Response) => void,
  ) {
    this.#settings = settings
    this.headers = request.headers
    this.#asEvents = asEvents
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
  }

  /** Names who is told when there is room, and when the client is gone. */
  start(connection: Connection): void {
    this.#connection = connection
  }

  send(frame: string | SharedMessage): boolean {
    if (this.#controller === undefined) return false
    const text = typeof frame === 'string' ? frame : frame.data
    this.#controller.enqueue(encoder.encode(this.#asEvents ? `data: ${text}\n\n` : `${text}\n`))
    this.#settings.core.wait(this, this.#settings.heartbeat.everyMs)
    return (this.#controller.desiredSize ?? 0) > 0
  }

  /** There is nothing to read behind the request. */
  pause(): void {}
  resume(): void {}

  close(): void {
    this.#controller?.close()
    this.#stop()
  }

  /** The wheel: nothing was sent for a while. */
  expire(): void {
    this.send('{"type":"ping"}')
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
