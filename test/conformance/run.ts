// Runs a case of the table through a connection, in any split, and says what came of it.
import type { MessageCompression, Role } from '../../src/protocol/index.ts'
import { bytesText, type Core, compressions, describeFrame, openCore, quoted } from '../protocol/core.ts'
import { concat, opcodes } from '../protocol/frames.ts'
import { encode, type Item, opcodeOf } from './session.ts'
import type { Case, Mode } from './table.ts'

export interface Outcome {
  readonly events: string
  readonly sent: string
}

/** What happens one after the other: bytes of the peer, or something our side does. */
type Step = Uint8Array | ((core: Core) => void)

/** A case prepared for one role and mode: its bytes are made once, and then cut in many ways. */
export class Run {
  readonly #case: Case
  readonly #role: Role
  readonly #mode: Mode
  readonly #steps: readonly Step[]
  /** Bytes that the peer sends, in all. */
  readonly length: number

  constructor(one: Case, role: Role, mode: Mode) {
    this.#case = one
    this.#role = role
    this.#mode = mode
    this.#steps = joinBytes(
      stepsOf(one, role, mode === 'deflate' ? this.#compressions()[other(role)] : undefined),
    )
    this.length = this.#steps.reduce(
      (length, step) => length + (step instanceof Uint8Array ? step.length : 0),
      0,
    )
  }

  #compressions(): ReturnType<typeof compressions> {
    const { options } = this.#case
    const bits = Number(options.get('bits') ?? 15)
    const takeover = options.has('takeover')
    return compressions({
      serverContextTakeover: takeover,
      clientContextTakeover: takeover,
      serverWindowBits: bits,
      clientWindowBits: bits,
    })
  }

  /** What comes of it when the peer's bytes are cut at these places, counted from the first. */
  outcome(cuts: readonly number[] = []): Outcome {
    const { options } = this.#case
    const ends = this.#mode === 'deflate' ? this.#compressions() : undefined
    const limit = (name: string) => Number(options.get(name)?.replace('none', 'Infinity'))
    const core = openCore(this.#role, {
      streamed: options.has('streamed'),
      limits: {
        ...(options.has('max') && { maxMessageBytes: limit('max') }),
        ...(options.has('fragments') && { maxFragments: limit('fragments') }),
        ...(options.has('ratio') && { maxInflationRatio: limit('ratio') }),
      },
      ...(ends !== undefined && { compression: ends[this.#role] }),
    })
    gatherFragments(core)
    let at = 0
    for (const step of this.#steps) {
      if (!(step instanceof Uint8Array)) step(core)
      else {
        const end = at + step.length
        const inside = [...cuts.filter((cut) => cut > at && cut < end), end]
        const start = at
        for (const cut of inside) {
          core.receive(step.subarray(at - start, cut - start))
          at = cut
        }
      }
    }
    return { events: core.events.join('; '), sent: describeSent(core, ends?.[other(this.#role)]) }
  }
}

const other = (role: Role): Role => (role === 'client' ? 'server' : 'client')

function stepsOf({ session }: Case, role: Role, peer: MessageCompression | undefined): Step[] {
  let isCompressing = false
  const compress = (payload: Uint8Array, opcode: number, fin: boolean) => {
    const first = opcode !== opcodes.continuation
    if (first) isCompressing = peer !== undefined
    if (peer === undefined || !isCompressing) return { payload, rsv: 0 }
    return { payload: peer.compress(payload, fin, first), rsv: first ? 4 : 0 }
  }
  return session.map((item) => (item.ours ? deed(item) : encode(item, role, compress)))
}

/** What our side does. */
function deed({ kind, fin, code, payload, options }: Item): (core: Core) => void {
  const text = new TextDecoder().decode(payload)
  return ({ connection }) => {
    if (kind === 'close') connection.sendClose(code, text)
    else if (kind === 'text') connection.sendText(text, !options.has('plain'))
    else if (kind === 'binary') connection.sendBinary(payload, !options.has('plain'))
    else if (kind === 'ping') connection.sendPing(payload)
    else if (kind === 'pong') connection.sendPong(payload)
    else if (kind === 'fragment') connection.sendFragment(payload, 'binary', !options.has('next'), fin)
    else if (kind === 'gone') connection.linkClosed()
    else throw new Error(`Our side cannot ${kind} ${opcodeOf(kind)}`)
  }
}

function joinBytes(steps: readonly Step[]): Step[] {
  const joined: Step[] = []
  for (const step of steps) {
    const last = joined.at(-1)
    if (step instanceof Uint8Array && last instanceof Uint8Array)
      joined[joined.length - 1] = concat(last, step)
    else joined.push(step)
  }
  return joined
}

/** The pieces of a streamed message depend on the split, so they are told when the message ends, as one. */
function gatherFragments(core: Core): void {
  let parts: Uint8Array[] = []
  core.fragment = (data, type, first, last) => {
    if (first) parts = []
    parts.push(data.slice())
    if (!last) return
    const whole = concat(...parts)
    core.events.push(
      `stream ${type} ${type === 'text' ? quoted(new TextDecoder().decode(whole)) : bytesText(whole)}`,
    )
  }
}

/** What was sent, with compressed payloads inflated: what they look like on the wire is zlib's affair. */
function describeSent(core: Core, peer: MessageCompression | undefined): string {
  let parts: Uint8Array[] = []
  let isCompressed = false
  return core
    .frames()
    .map((frame) => {
      if (frame.opcode > opcodes.binary) return describeFrame(frame)
      if (frame.opcode !== opcodes.continuation) {
        parts = []
        isCompressed = frame.rsv !== 0
      }
      if (!isCompressed || peer === undefined) return describeFrame(frame)
      parts.push(frame.payload)
      if (!frame.fin) return `${describeFrame({ ...frame, payload: new Uint8Array(0) })}…`
      const payload = peer.inflate(
        concat(...parts, Uint8Array.of(0, 0, 0xff, 0xff)),
        2 ** 30,
        Number.POSITIVE_INFINITY,
      )
      if (typeof payload === 'string') throw new Error(`What was sent is ${payload}`)
      return describeFrame({ ...frame, payload })
    })
    .join('; ')
}
