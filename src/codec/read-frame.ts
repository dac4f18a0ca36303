import { isObject, isString as isText, type OptionRule } from '../util/options.ts'
import type { Codec } from './codec.ts'
import type { DownFrame } from './frame.ts'

/** A frame, or what is wrong with it, and the number of the frame where that could be read. */
export type ReadFrame<Frame> =
  | { readonly frame: Frame }
  | { readonly wrong: string; readonly id?: number | undefined }

/** Answers what a key must be, or nothing where it is. */
type Rule = OptionRule
export type Rules = Readonly<Record<string, Rule>>
export type RuleList = readonly (readonly [key: string, rule: Rule])[]

export const isWhole: Rule = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : 'a whole number'
export const isNumber: Rule = (value) =>
  isWhole(value) || value === 0 ? 'a whole number of 1 or more' : undefined
export const optional =
  (rule: Rule): Rule =>
  (value) =>
    value === undefined ? undefined : rule(value)
export const record = (rules: Rules): Rule => {
  const list = Object.entries(rules)
  return (value) => isObject(value) ?? wrongKey(value as Readonly<Record<string, unknown>>, list)
}
export const byType = (types: Readonly<Record<string, Rules>>): ReadonlyMap<string, RuleList> =>
  new Map(Object.entries(types).map(([type, rules]) => [type, Object.entries(rules)]))

export const isPosition = record({ epoch: isText, offset: isWhole })
export const inChannel = { channel: isText }
const isError = record({ code: isText, message: isText })

export const callRules: Readonly<Record<string, Rules>> = {
  call: { id: isNumber, channel: optional(isText), event: isText, deadlineMs: optional(isNumber) },
  reply: { to: isNumber },
  error: { to: optional(isNumber), error: isError },
  item: { to: optional(isNumber), of: optional(isNumber) },
  end: { to: optional(isNumber), of: optional(isNumber) },
  more: { to: optional(isNumber), of: optional(isNumber), items: isNumber },
  cancel: { of: isNumber },
}
export const carrierRules: Readonly<Record<string, Rules>> = {
  ack: { position: isWhole },
  ping: {},
  pong: {},
}

const session: Rules = {
  session: isText,
  key: isText,
  heartbeat: record({ everyMs: isNumber, graceMs: isNumber }),
  windowMs: isWhole,
  codec: optional(isText),
}

const downRules = byType({
  connected: session,
  resumed: { position: optional(isWhole), replayed: isWhole, received: isWhole },
  reset: { ...session, reason: isText },
  close: { afterMs: optional(isWhole), url: optional(isText) },
  ...carrierRules,
  ...callRules,
  joined: { to: isNumber, ...inChannel, at: isPosition },
  left: { ...inChannel, to: optional(isNumber), why: isText },
  moved: { from: isText, ...inChannel, at: isPosition },
  'channel-reset': { ...inChannel, reason: isText, at: isPosition },
  publish: { ...inChannel, event: isText, offset: isWhole, skipped: optional(isWhole) },
  send: { channel: optional(isText), event: isText },
  presence: { ...inChannel, state: optional(isObject), count: optional(isWhole) },
  'presence-diff': { ...inChannel, joins: isObject, leaves: isObject },
})

/** Reads what a server sent. */
export function readDownFrame(data: string | Uint8Array, codec?: Codec): ReadFrame<DownFrame> {
  return readFrame(data, codec, JSON.parse, downRules) as ReadFrame<DownFrame>
}

/** What was said in JSON, or with `codec`: as bytes, or as a text that is no JSON object. */
function decoded(
  data: string | Uint8Array,
  codec: Codec | undefined,
  parse: (text: string) => unknown,
): unknown {
  if (typeof data === 'string' && (codec === undefined || data.startsWith('{'))) return parse(data)
  return codec?.decode(typeof data === 'string' ? codec.fromText(data) : data)
}

/** Reads a frame of one of these types. */
export function readFrame(
  data: string | Uint8Array,
  codec: Codec | undefined,
  parse: (text: string) => unknown,
  types: ReadonlyMap<string, RuleList>,
): ReadFrame<unknown> {
  let frame: Readonly<Record<string, unknown>> | undefined
  try {
    frame = decoded(data, codec, parse) as typeof frame
  } catch {}
  if (frame === undefined || isObject(frame)) return { wrong: 'A frame is a JSON object with a type' }
  const { type } = frame
  const rules = types.get(type as string)
  const id = isNumber(frame['id']) ? undefined : (frame['id'] as number)
  if (rules === undefined) return { wrong: 'There is no frame of this type', id }
  const wrong = wrongKey(frame, rules)
  return wrong ? { wrong: `In a frame of type ${type} ${wrong}`, id } : { frame }
}

function wrongKey(value: Readonly<Record<string, unknown>>, rules: RuleList): string | undefined {
  for (const [key, rule] of rules) {
    const wanted = rule(value[key])
    if (wanted) return `${key} must be ${wanted}`
  }
  return undefined
}
