// The notation of a session in the table: what the peer sends, frame by frame, and what our side does in between.
//
//   text "Hello"            a frame; also binary, cont, ping, pong, close, op3 … op15
//   text- "Hel"             the same without FIN
//   binary <00ff>           payload in hexadecimal; "a"*1000 and <00>*1000 repeat; "a"+<ff> joins
//   close 1000 "bye"        a close code and reason; close alone has neither; close <03> is payload as it is
//   text "x" rsv=1          reserved bits, RSV1 as 4
//   text "x" mask=wrong     masked where it must not be, or not masked where it must; key=00000000 sets the key
//   text "x" bits=16        the length in so many bits; declare=9 declares another length
//   text "x" plain          not compressed, though compression was agreed on
//   raw <8100>              bytes as they are
//   !close 1000 "bye"       our side closes; !text "x", !binary <00>, !ping <00> send; !fragment, !fragment- send parts
import type { Role } from '../../src/protocol/index.ts'
import { concat, frame, hexBytes, type Oddities, opcodes, utf8 } from '../protocol/frames.ts'

export type Session = readonly Item[]

export interface Item {
  /** Whether our side does this, instead of the peer. */
  readonly ours: boolean
  readonly kind: string
  readonly fin: boolean
  readonly code: number | undefined
  readonly payload: Uint8Array
  readonly options: ReadonlyMap<string, string>
}

const item = /^(!?)([a-z]+\d*)(-?)(.*)$/
const words = /"(?:\\.|[^"\\])*"(?:\*\d+)?|<[0-9a-f]*>(?:\*\d+)?|[^\s+]+|\+/g

export function readSession(text: string): Session {
  return splitOutsideQuotes(text).map(readItem)
}

function splitOutsideQuotes(text: string): string[] {
  return (text.match(/(?:"(?:\\.|[^"\\])*"|[^";])+/g) ?? []).map((part) => part.trim())
}

function readItem(text: string): Item {
  const match = item.exec(text)
  if (match === null) throw new Error(`${JSON.stringify(text)} is no frame`)
  const [, ours, kind = '', dash, rest = ''] = match
  let code: number | undefined
  const parts: Uint8Array[] = []
  const options = new Map<string, string>()
  for (const word of rest.match(words) ?? []) {
    if (word === '+') continue
    if (/^["<]/.test(word)) parts.push(readPayload(word))
    else if (/^\d+$/.test(word)) code = Number(word)
    else options.set(...(word.split('=') as [string, string]))
  }
  return { ours: ours === '!', kind, fin: dash === '', code, payload: concat(...parts), options }
}

function readPayload(word: string): Uint8Array {
  const [, body = '', times = '1'] = /^(".*"|<.*>)(?:\*(\d+))?$/s.exec(word) ?? []
  const once = body.startsWith('<') ? hexBytes(body) : utf8(JSON.parse(body) as string)
  const all = new Uint8Array(once.length * Number(times))
  for (let at = 0; at < all.length; at += once.length) all.set(once, at)
  return all
}

const kinds: Readonly<Record<string, number>> = { ...opcodes, cont: opcodes.continuation }

export function opcodeOf(kind: string): number {
  const opcode = kinds[kind] ?? Number(kind.replace(/^op/, ''))
  if (!(opcode >= 0 && opcode < 16)) throw new Error(`There is no frame called ${kind}`)
  return opcode
}

/** The bytes of one frame as the peer of a connection in `role` sends it. */
export function encode(
  { kind, fin, code, payload, options }: Item,
  role: Role,
  compress: (payload: Uint8Array, opcode: number, fin: boolean) => { payload: Uint8Array; rsv: number },
): Uint8Array {
  if (kind === 'raw') return payload
  const opcode = opcodeOf(kind)
  const whole = code === undefined ? payload : concat(Uint8Array.of(code >> 8, code & 0xff), payload)
  const isData = opcode <= opcodes.binary && !options.has('plain')
  const data = isData ? compress(whole, opcode, fin) : { payload: whole, rsv: 0 }
  const key = hexBytes(options.get('key') ?? '37fa213d')
  const isMasked = (role === 'server') !== (options.get('mask') === 'wrong')
  const oddities: Oddities = {
    ...(options.has('bits') && { lengthBits: Number(options.get('bits')) as 16 | 64 }),
    ...(options.has('declare') && { declared: BigInt(options.get('declare') as string) }),
  }
  return frame(opcode, data.payload, {
    fin,
    rsv: data.rsv | Number(options.get('rsv') ?? 0),
    key: isMasked ? key : undefined,
    ...oddities,
  })
}
