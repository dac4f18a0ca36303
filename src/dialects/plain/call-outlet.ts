import type { Ending } from '../../channels/carrier.ts'
import type { WireError } from '../../codec/frame.ts'
import { failure, json } from './answers.ts'
import type { PlainUnit } from './encoder.ts'
import type { Outlet, Peer } from './peer.ts'

/** One request that sends an event: joins, calls, and answers with what the handler answered; with a list for a stream. */
export class CallOutlet implements Outlet {
  readonly #answer: (response: Response) => void
  readonly #peer: () => Peer
  readonly #event: string
  readonly #body: unknown
  readonly #items: unknown[] = []
  #answered = false

  constructor(event: string, body: unknown, peer: () => Peer, answer: (response: Response) => void) {
    this.#event = event
    this.#body = body
    this.#peer = peer
    this.#answer = answer
  }

  write({ event }: PlainUnit): boolean {
    switch (event.type) {
      case 'joined':
        this.#peer().call(this.#event, this.#body)
        break
      case 'item':
        this.#items.push(event.body)
        if (event.to !== undefined) this.#peer().more(event.to)
        break
      case 'end':
        this.#finish(json(this.#items))
        break
      case 'reply':
        this.#finish(event.body === undefined ? new Response(null, { status: 204 }) : json(event.body))
        break
      case 'error':
        this.refuse(event.error)
        break
      default:
    }
    return true
  }

  refuse(error: WireError): void {
    this.#finish(failure(error))
  }

  ended({ why }: Ending): void {
    this.#finish(json({ closed: { why } }, why === 'kicked' ? 403 : 503))
  }

  #finish(response: Response): void {
    if (this.#answered) return
    this.#answered = true
    this.#answer(response)
  }
}
