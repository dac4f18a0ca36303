import type { Bus } from '../../bus/contract.ts'
import { NodeSet } from '../../topics/node-set.ts'
import type { WheelEntry } from '../../util/timer-wheel.ts'
import { Feed } from '../feed.ts'
import type { NodeMessage } from './messages.ts'

/** No channel has such names. */
const nodesTopic = '\u0000nodes'
const topicOf = (node: string): string => `\u0000node ${node}`

/** How often a node says that it is there. */
export const beatMs = 2_000
/** A node that is silent for so long is gone. */
export const silentMs = 8_000
const beatRetention = { limit: 1_000, ttlMs: silentMs }
/** For a node that missed something. */
const messageRetention = { limit: 256, ttlMs: 10_000 }
/** Text of messages that go out as one. */
const batchLength = 262_144

/** Messages that wait while the bus takes none. What is large in them is bounded by the windows of relays. */
const maxQueued = 20_000

/** What a link needs of its node. */
export interface LinkHost {
  readonly node: string
  readonly bus: Bus
  now(): number
  wait(entry: WheelEntry, delayMs: number): void
  stopWaiting(entry: WheelEntry): void
  report(error: unknown): void
  /** Whether others have a reason to know that this node is there. */
  isNeeded(): boolean
  /** A moment has passed in which something may have been lost. */
  beat(): void
}

export interface LinkEvents {
  message(from: string, message: NodeMessage): void
  /** Nothing that was begun with this node can go on: it is gone, or messages were lost. Without a name: with any. */
  lost(node: string | undefined): void
}

/** Messages for one node that the bus has not taken. */
interface Queue {
  readonly texts: string[]
  isSending: boolean
}

interface Beat {
  readonly node: string
  readonly gone?: boolean | undefined
}

/**
 * What a node says to single others, and how it knows that they are there: each has a topic of its own, and all tell one
 * common topic every few seconds that they live. Messages arrive once and in order, or it is said that some were lost.
 */
export class NodeLink implements WheelEntry {
  wheelTick = -1
  readonly #host: LinkHost
  readonly #events: LinkEvents
  readonly #nodes = new NodeSet()
  readonly #queues = new Map<string, Queue>()
  #opening: Promise<readonly Feed[]> | undefined
  #feeds: readonly Feed[] = []
  /** The bus is being asked which nodes there are. */
  #looking: Promise<void> | undefined
  #isBeating = false
  #isClosed = false

  constructor(host: LinkHost, events: LinkEvents) {
    this.#host = host
    this.#events = events
  }

  /** Listens, and makes this node known. Rejects where the bus does. */
  async open(): Promise<void> {
    if (this.#isBeating || this.#isClosed) return
    this.#opening ??= this.#listen()
    try {
      this.#feeds = await this.#opening
    } catch (error) {
      this.#opening = undefined
      throw error
    }
    if (this.#isBeating || this.#isClosed) return
    this.#isBeating = true
    this.#look()
    await this.#beat({ node: this.#host.node })
  }

  /** Whether there is such a node. For names that nobody knows the bus is asked once at a time. */
  async finds(node: string): Promise<boolean> {
    await this.open()
    if (this.#nodes.has(node)) return true
    // Its first word may be on its way, or lost.
    this.#looking ??= this.#readBeats()
    await this.#looking
    return this.#nodes.has(node)
  }

  async #readBeats(): Promise<void> {
    await Promise.all(this.#feeds.map((feed) => feed.check()))
    this.#looking = undefined
  }

  /** Tells a node something. Only for those that are known, or have been: each has a topic. */
  send(node: string, message: NodeMessage): void {
    if (this.#isClosed) return
    let queue = this.#queues.get(node)
    if (queue === undefined) {
      queue = { texts: [], isSending: false }
      this.#queues.set(node, queue)
    }
    if (queue.texts.length >= maxQueued) {
      queue.texts.length = 0
      queueMicrotask(() => this.#events.lost(node))
    }
    queue.texts.push(JSON.stringify(message))
    if (queue.isSending) return
    queue.isSending = true
    const sending = queue
    queueMicrotask(() => void this.#pass(node, sending))
  }

  /** The wheel: says that this node is there, and looks who is not. */
  expire(): void {
    this.#look()
    this.#isBeating = this.#host.isNeeded()
    if (!this.#isBeating) {
      this.#host.stopWaiting(this)
      return
    }
    void this.#beat({ node: this.#host.node }).catch((error) => this.#host.report(error))
  }

  /** Says goodbye, when everything that was said before is out. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#host.stopWaiting(this)
    const sent = [...this.#queues].map(([node, queue]) => this.#pass(node, queue))
    this.#isClosed = true
    if (this.#opening === undefined) return
    try {
      for (const feed of await this.#opening) feed.close()
      await Promise.all(sent)
      if (this.#isBeating) await this.#beat({ node: this.#host.node, gone: true })
    } catch (error) {
      this.#host.report(error)
    }
  }

  /** Looks who is not there any more, and whether messages were lost that no later one has shown. */
  #look(): void {
    const silent = this.#nodes.expire(this.#host.now() - silentMs)
    for (const node of silent) this.#events.lost(node)
    for (const feed of this.#feeds) void feed.check()
    this.#host.beat()
    this.#host.wait(this, beatMs)
  }

  async #listen(): Promise<readonly Feed[]> {
    const { bus, node } = this.#host
    const events = { gossip() {}, failed: (error: unknown) => this.#host.report(error) }
    const inbox = await Feed.open(bus, topicOf(node), events)
    inbox.add({
      write: (event) => {
        if (event.type === 'channel-reset') this.#events.lost(undefined)
        else this.#received(event.event, event.body as readonly NodeMessage[])
      },
    })
    const nodes = await Feed.open(bus, nodesTopic, events)
    // Beats that are lost for good are followed by others.
    nodes.add({
      write: (event) => {
        if (event.type === 'publish') this.#heardBeat(event.body as Beat)
      },
    })
    const { messages } = await bus.history(nodesTopic, { limit: beatRetention.limit })
    for (const { data } of messages) this.#heardBeat(JSON.parse(data).body as Beat)
    return [inbox, nodes]
  }

  #received(from: string, messages: readonly NodeMessage[]): void {
    this.#nodes.heard(from, this.#host.now())
    for (const message of messages) {
      try {
        this.#events.message(from, message)
      } catch (error) {
        this.#host.report(error)
      }
    }
  }

  #heardBeat({ node, gone }: Beat): void {
    if (node === this.#host.node) return
    if (gone !== true) this.#nodes.heard(node, this.#host.now())
    else if (this.#nodes.gone(node)) this.#events.lost(node)
  }

  async #beat(beat: Beat): Promise<void> {
    const data = JSON.stringify({ event: 'node', body: beat })
    await this.#host.bus.publish(nodesTopic, data, { retain: beatRetention })
  }

  /** One publication at a time, so that they keep their order on whatever bus; what comes meanwhile goes out together. */
  async #pass(node: string, queue: Queue): Promise<void> {
    const event = JSON.stringify(this.#host.node)
    try {
      while (queue.texts.length > 0) {
        const data = `{"event":${event},"body":[${batchOf(queue.texts)}]}`
        await this.#host.bus.publish(topicOf(node), data, { retain: messageRetention })
      }
      queue.isSending = false
      this.#queues.delete(node)
    } catch (error) {
      this.#queues.delete(node)
      this.#host.report(error)
      this.#events.lost(node)
    }
  }
}

/** Takes the first texts out, at least one, no more than belong into one message. */
function batchOf(texts: string[]): string {
  let length = 0
  const end = texts.findIndex((text, index) => {
    length += text.length
    return index > 0 && length > batchLength
  })
  return texts.splice(0, end < 0 ? texts.length : end).join(',')
}
