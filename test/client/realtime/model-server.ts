import { type DownFrame, isCounted, type UpFrame } from '../../../src/codec/frame.ts'
import { readUpFrame } from '../../../src/codec/read-up-frame.ts'
import { AnswerWindow } from '../../../src/session/answer-window.ts'
import { Line } from '../../../src/session/line.ts'
import type { Unit } from '../../../src/session/outbox.ts'
import type { ModelLink, ModelListener } from './model-network.ts'
import type { VirtualTime } from './virtual-time.ts'

interface ModelUnit extends Unit {
  readonly text: string
}

interface ModelSession {
  readonly name: string
  readonly line: Line<ModelLink, ModelUnit>
  readonly window: AnswerWindow
  sinceAck: number
}

const limits = { maxBytes: 10_000_000, maxAgeMs: 600_000, windowMs: 600_000 }

/** A server that speaks the protocol, with the machines that the real one has, for one client. */
export class ModelServer implements ModelListener {
  readonly #time: VirtualTime
  /** Frames that took effect, in order, over all sessions. */
  readonly effects: UpFrame[] = []
  /** Everything that came, also what took no effect. */
  readonly heard: UpFrame[] = []
  /** What it does with a frame that takes effect. */
  handle: (frame: UpFrame) => void = () => {}
  /** What it says instead of greeting, once. */
  instead: DownFrame | undefined
  /** A longer text ends the connection. */
  maxLength = Number.POSITIVE_INFINITY
  heartbeat = { everyMs: 25_000, graceMs: 20_000 }
  #sessions = 0
  #session: ModelSession | undefined
  #link: ModelLink | undefined

  constructor(time: VirtualTime) {
    this.#time = time
  }

  /** The link of the session, while it has one. */
  get link(): ModelLink | undefined {
    return this.#link
  }

  /** Forgets the session, as a server does that was started anew. */
  forget(): void {
    this.#session = undefined
    this.#link = undefined
  }

  /** Says something in the session: now, or when the client is back. */
  say(frame: DownFrame): void {
    const text = JSON.stringify(frame)
    if (!isCounted(frame)) this.#link?.send(text)
    else if (this.#session !== undefined) {
      this.#session.line.push({ text, byteLength: text.length })
      this.#flush()
    }
  }

  opened(): void {}

  received(link: ModelLink, text: string): void {
    if (text.length > this.maxLength) {
      link.close({ code: 1009 })
      this.closed(link)
      return
    }
    const read = readUpFrame(text)
    if (!('frame' in read)) throw new Error(`${read.wrong}: ${text}`)
    const { frame } = read
    this.heard.push(frame)
    if (frame.type === 'connect') this.#greet(link, frame)
    else if (link !== this.#link || this.#session === undefined) return
    else if (frame.type === 'ack') {
      if (!this.#session.line.acknowledge(frame.position)) throw new Error('That was never sent')
    } else if (frame.type === 'ping') this.say({ type: 'pong' })
    else if (frame.type === 'close') this.forget()
    else if (frame.type !== 'pong') this.#numbered(this.#session, frame)
  }

  closed(link: ModelLink): void {
    this.#session?.line.detach(link, this.#time.now())
    if (this.#link === link) this.#link = undefined
  }

  #greet(link: ModelLink, { resume }: UpFrame & { type: 'connect' }): void {
    const { instead } = this
    if (instead !== undefined) {
      this.instead = undefined
      link.send(JSON.stringify(instead))
      link.close({})
      return
    }
    const known = this.#session
    if (resume !== undefined && known !== undefined && resume.session === known.name) {
      const attached = known.line.attach(link, resume.position)
      if (!attached.resumed) throw new Error(attached.reason)
      this.#link = link
      this.say({ type: 'resumed', replayed: attached.replayed, received: known.window.received })
      this.#flush()
      return
    }
    this.#sessions += 1
    const name = `s${this.#sessions}`
    const line = new Line<ModelLink, ModelUnit>(limits, this.#time.now())
    line.attach(link, 0)
    this.#session = {
      name,
      line,
      window: new AnswerWindow(),
      sinceAck: 0,
    }
    this.#link = link
    const facts = { session: name, key: `key of ${name}`, heartbeat: this.heartbeat, windowMs: 120_000 }
    if (resume === undefined) this.say({ type: 'connected', ...facts })
    else this.say({ type: 'reset', reason: 'unknown', ...facts })
  }

  #numbered(session: ModelSession, frame: UpFrame & { id: number }): void {
    session.sinceAck += 1
    if (session.sinceAck === 1) this.#time.later(900, () => this.#acknowledge(session))
    if (session.window.see(frame.id, false) === 'fresh') {
      this.effects.push(frame)
      this.handle(frame)
    }
    if (session.sinceAck >= 3) this.#acknowledge(session)
  }

  #acknowledge(session: ModelSession): void {
    session.sinceAck = 0
    if (session === this.#session) this.say({ type: 'ack', position: session.window.received })
  }

  #flush(): void {
    const link = this.#link
    if (link === undefined || this.#session === undefined) return
    const { line } = this.#session
    for (let unit = line.take(link); unit !== undefined; unit = line.take(link)) link.send(unit.text)
  }
}
