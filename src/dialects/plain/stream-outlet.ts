import type { Ending } from '../../channels/carrier.ts'
import type { Core } from '../../channels/core.ts'
import type { WireError } from '../../codec/frame.ts'
import { toJson } from '../../codec/json.ts'
import type { WheelEntry } from '../../util/timer-wheel.ts'
import { failure } from './answers.ts'
import type { PlainUnit } from './encoder.ts'
import type { Outlet, Peer } from './peer.ts'
import { cursorOf, eventOf, isLine, textOf } from './texts.ts'

const encoder = new TextEncoder()
const headers = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store',
  'X-Accel-Buffering': 'no',
}
/** A stream is never silent for longer, so that nobody in between takes it for dead. */
const quietMs = 20_000

/** An event stream of a channel, for `EventSource` and `curl -N`. */
export class StreamOutlet implements Outlet, WheelEntry {
  wheelTick = -1
  readonly #body: ReadableStream<Uint8Array>
  readonly #core: Core
  readonly #event: string
  readonly #peer: () => Peer
  readonly #answer: (response: Response) => void
  #answered = false
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #epoch = ''

  /** `answer` gets the stream once the client has joined, or else the refusal. */
  constructor(core: Core, event: string, peer: () => Peer, answer: (response: Response) => void) {
    this.#core = core
    this.#event = event
    this.#peer = peer
    this.#answer = answer
    this.#body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller
      },
      pull: () => peer().drained(),
      cancel: () => {
        this.#stop()
        peer().lost()
      },
    })
  }

  write({ event }: PlainUnit): boolean {
    switch (event.type) {
      case 'joined': {
        const { at, welcome, resumed, reset } = event
        this.#respond(new Response(this.#body, { headers }))
        this.#epoch = at.epoch
        // With something to replay the cursor is that of its last message, which is yet to come.
        const id = resumed !== undefined && resumed.replayed > 0 ? undefined : cursorOf(at)
        return this.#say(eventOf(toJson({ welcome, resumed, reset }), 'joined', id))
      }
      case 'publish': {
        const name = event.event === this.#event ? undefined : event.event
        const id = cursorOf({ epoch: this.#epoch, offset: event.offset })
        return name === undefined || isLine(name) ? this.#say(eventOf(textOf(event.body), name, id)) : true
      }
      case 'send':
        return isLine(event.event) ? this.#say(eventOf(textOf(event.body), event.event)) : true
      case 'moved': {
        const { at, channel, welcome } = event
        this.#epoch = at.epoch
        return this.#say(eventOf(toJson({ channel, welcome }), 'moved', cursorOf(at)))
      }
      case 'channel-reset':
        this.#epoch = event.at.epoch
        return this.#say(eventOf(JSON.stringify({ reason: event.reason }), 'reset', cursorOf(event.at)))
      case 'error':
        this.refuse(event.error)
        return false
      case 'left':
        this.ended({ why: event.why })
        this.#peer().lost()
        return false
      default:
        return true
    }
  }

  refuse(error: WireError): void {
    this.#respond(failure(error))
    this.#controller?.close()
    this.#stop()
    this.#peer().lost()
  }

  ended({ why }: Ending): void {
    this.#say(eventOf(JSON.stringify({ why }), 'closed'))
    this.#controller?.close()
    this.#stop()
  }

  /** The wheel: nothing was said for a while. */
  expire(): void {
    this.#say(':\n\n')
  }

  #say(text: string): boolean {
    if (this.#controller === undefined) return false
    this.#controller.enqueue(encoder.encode(text))
    this.#core.wait(this, quietMs)
    return (this.#controller.desiredSize ?? 0) > 0
  }

  #respond(response: Response): void {
    if (!this.#answered) this.#answer(response)
    this.#answered = true
  }

  #stop(): void {
    this.#controller = undefined
    this.#core.stopWaiting(this)
  }
}
