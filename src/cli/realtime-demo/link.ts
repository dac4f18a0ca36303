/** What the network panel does to a link: nothing, hold everything back a while or for good, or let nothing through. */
export type Passage = 'open' | 'slow' | 'stalled' | 'offline'

export const passages: readonly Passage[] = ['open', 'slow', 'stalled', 'offline']

/** A slow link: like a phone in a train. */
const slowDelayMs = 700
const slowBytesPerMs = 8
/** A link that holds back more than this is cut. */
const mostHeldBytes = 262_144
/** A page has one or two connections at a time. */
const mostConnections = 8

/** The link of one page to the server, and of nobody else: all its connections, and what is done to them. */
export class Link {
  /** User whose session came over it last. */
  user: string | undefined
  /** Whether WebSockets are refused, as some proxies do. */
  blocksWebSocket = false
  #passage: Passage = 'open'
  readonly #connections = new Set<Passing>()

  get passage(): Passage {
    return this.#passage
  }

  set passage(passage: Passage) {
    this.#passage = passage
    if (passage === 'offline') this.cut()
    for (const connection of this.#connections) connection.advance()
  }

  get connections(): number {
    return this.#connections.size
  }

  get isFull(): boolean {
    return this.#connections.size >= mostConnections
  }

  /** A connection begins; `end` ends it without a word. */
  begin(end: () => void): Passing {
    const connection = new Passing(this, () => {
      this.#connections.delete(connection)
      end()
    })
    this.#connections.add(connection)
    return connection
  }

  /** Ends all its connections without a word. What was on the way is lost. */
  cut(): void {
    for (const connection of [...this.#connections]) connection.end()
  }
}

/** One connection of a link: what goes over it each way, in order, when the link lets it. */
export class Passing {
  readonly up: Lane
  readonly down: Lane
  readonly #end: () => void
  #ended = false

  constructor(link: Link, end: () => void) {
    this.#end = end
    const cut = (): void => this.end()
    this.up = new Lane(link, cut)
    this.down = new Lane(link, cut)
  }

  /** Something about the link has changed. */
  advance(): void {
    this.up.advance()
    this.down.advance()
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.up.drop()
    this.down.drop()
    this.#end()
  }
}

/** One direction of a connection. */
export class Lane {
  readonly #link: Link
  readonly #overflow: () => void
  #queue: { readonly deliver: () => void; readonly bytes: number; readonly due: number }[] = []
  #heldBytes = 0
  #due = 0
  #timer: NodeJS.Timeout | undefined
  #dropped = false

  constructor(link: Link, overflow: () => void) {
    this.#link = link
    this.#overflow = overflow
  }

  /** Calls `deliver` when so many bytes are through; never, when the connection ends before. */
  pass(bytes: number, deliver: () => void): void {
    if (this.#dropped) return
    if (this.#link.passage === 'open' && this.#queue.length === 0) {
      deliver()
      return
    }
    const now = performance.now()
    const isSlow = this.#link.passage === 'slow'
    this.#due = Math.max(this.#due, now) + (isSlow ? bytes / slowBytesPerMs : 0)
    this.#queue.push({ deliver, bytes, due: isSlow ? this.#due + slowDelayMs : now })
    this.#heldBytes += bytes
    if (this.#heldBytes > mostHeldBytes) this.#overflow()
    else this.advance()
  }

  /** Delivers what is due, and waits for the rest. */
  advance(): void {
    clearTimeout(this.#timer)
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      const { passage } = this.#link
      if (passage === 'stalled' || passage === 'offline') return
      const waitMs = passage === 'slow' ? first.due - performance.now() : 0
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.advance(), waitMs)
        return
      }
      this.#queue.shift()
      this.#heldBytes -= first.bytes
      first.deliver()
    }
  }

  /** What is held back is lost, and nothing passes any more. */
  drop(): void {
    clearTimeout(this.#timer)
    this.#dropped = true
    this.#queue = []
    this.#heldBytes = 0
  }
}
