import type { Carrier, CarrierEnd, CarrierEvents, Transport } from '../../../src/client/realtime/transport.ts'
import type { VirtualTime } from './virtual-time.ts'

/** The server's end of a link. */
export interface ModelLink {
  readonly url: string
  /** Sends a text to the client. */
  send(text: string): void
  close(end: CarrierEnd): void
  /** Whether the client's end still hears this one. */
  readonly isOpen: boolean
}

/** What a server does with the links it gets. */
export interface ModelListener {
  opened(link: ModelLink): void
  received(link: ModelLink, text: string): void
  closed(link: ModelLink): void
}

/** A network with delay, whose links a test cuts, mutes and refuses. What is on its way when a link is cut is lost. */
export class ModelNetwork implements Transport {
  readonly name: string
  readonly #time: VirtualTime
  readonly #listener: ModelListener
  readonly #links = new Set<Link>()
  delayMs = 10
  /** How attempts to open end; they succeed without. */
  refusal: CarrierEnd | undefined
  /** Whether attempts to open are never answered. */
  isDeaf = false
  /** URLs of all attempts to open. */
  readonly attempts: string[] = []

  constructor(time: VirtualTime, listener: ModelListener, name = 'model') {
    this.#time = time
    this.#listener = listener
    this.name = name
  }

  open(url: string, events: CarrierEvents): Carrier {
    this.attempts.push(url)
    const link = new Link(url, this, this.#time, events, this.#listener)
    const { refusal } = this
    if (refusal !== undefined) link.close(refusal)
    else if (!this.isDeaf) {
      this.#links.add(link)
      this.#time.later(this.delayMs, () => link.open())
    }
    return {
      send: (text) => link.toServer(() => this.#listener.received(link, text)),
      close: () => {
        link.clientIsGone = true
        link.toServer(() => link.endServer())
      },
    }
  }

  /** Cuts all links: both ends notice it, one later than the other. */
  cut(): void {
    for (const link of this.#links) link.cut()
    this.#links.clear()
  }

  /** From now on nothing passes on the links there are, and nobody is told. */
  mute(): void {
    for (const link of this.#links) link.isMute = true
  }
}

class Link implements ModelLink {
  isMute = false
  clientIsGone = false
  serverIsGone = true
  readonly url: string
  readonly #network: ModelNetwork
  readonly #time: VirtualTime
  readonly #events: CarrierEvents
  readonly #listener: ModelListener
  #isCut = false
  /** When the last text arrives, either way: none overtakes another. */
  #arrival = { down: 0, up: 0 }

  constructor(
    url: string,
    network: ModelNetwork,
    time: VirtualTime,
    events: CarrierEvents,
    listener: ModelListener,
  ) {
    this.url = url
    this.#network = network
    this.#time = time
    this.#events = events
    this.#listener = listener
  }

  get isOpen(): boolean {
    return !this.serverIsGone
  }

  open(): void {
    if (this.clientIsGone || this.#isCut) return
    this.serverIsGone = false
    this.#listener.opened(this)
    this.#toClient(() => this.#events.opened())
  }

  send(text: string): void {
    this.#toClient(() => this.#events.received(text))
  }

  close(end: CarrierEnd): void {
    this.#toClient(() => {
      this.clientIsGone = true
      this.#events.closed(end)
    })
    this.serverIsGone = true
  }

  toServer(act: () => void): void {
    this.#pass('up', () => {
      if (!this.serverIsGone) act()
    })
  }

  endServer(): void {
    if (this.serverIsGone) return
    this.serverIsGone = true
    this.#listener.closed(this)
  }

  cut(): void {
    this.#isCut = true
    this.#time.later(this.#network.delayMs * 3, () => this.endServer())
    this.#time.later(this.#network.delayMs, () => {
      if (this.clientIsGone) return
      this.clientIsGone = true
      this.#events.closed({})
    })
  }

  #toClient(act: () => void): void {
    this.#pass('down', () => {
      if (!this.clientIsGone) act()
    })
  }

  #pass(way: 'up' | 'down', act: () => void): void {
    const now = this.#time.now()
    const arrival = Math.max(this.#arrival[way], now + this.#network.delayMs)
    this.#arrival[way] = arrival
    this.#time.later(arrival - now, () => {
      if (!this.#isCut && !this.isMute) act()
    })
  }
}
