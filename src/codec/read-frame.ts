import type { Codec } from './codec.ts'
import type { CarryFrame, DownFrame, UpFrame } from './frame.ts'
import { fromJson } from './json.ts'

/** A frame, or what is wrong with it, and the number of the frame where that could be read. */
export type ReadFrame<Frame> =
  | { readonly frame: Frame }
  | { readonly wrong: string; readonly id?: number | undefined }

/** Answers what a key must be, or nothing where it is. */
type Rule = (value: unknown) => string | undefined
type Rules = Readonly<Record<string, Rule>>
type RuleList = readonly (readonly [key: string, rule: Rule])[]

const isText: Rule = (value) => (typeof value === 'string' ? undefined : 'a string')
const isWhole: Rule = (value) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? undefined : 'a whole number'
const isNumber: Rule = (value) =>
  isWhole(value) === undefined && value !== 0 ? undefined : 'a whole number of 1 or more'
const isObject: Rule = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : 'an object'
const optional =
  (rule: Rule): Rule =>
  (value) =>
    value === undefined ? undefined : rule(value)
const record = (rules: Rules): Rule => {
  const list = Object.entries(rules)
  return (value) => isObject(value) ?? wrongKey(value as Readonly<Record<string, unknown>>, list)
}
const byType = (types: Readonly<Record<string, Rules>>): ReadonlyMap<string, RuleList> =>
  new Map(Object.entries(types).map(([type, rules]) => [type, Object.entries(rules)]))

const isPosition = record({ epoch: isText, offset: isWhole })
const numbered = { id: isNumber }
const inChannel = { channel: isText }
const isError = record({ code: isText, message: isText })

const callRules: Readonly<Record<string, Rules>> = {
  call: { id: isNumber, channel: optional(isText), event: isText, deadlineMs: optional(isNumber) },
  reply: { to: isNumber },
  error: { to: optional(isNumber), error: isError },
  item: { to: optional(isNumber), of: optional(isNumber) },
  end: { to: optional(isNumber), of: optional(isNumber) },
  more: { to: optional(isNumber), of: optional(isNumber), items: isNumber },
  cancel: { of: isNumber },
}
const carrierRules: Readonly<Record<string, Rules>> = { ack: { position: isWhole }, ping: {}, pong: {} }

const upRules = /* @__PURE__ */ byType({
  connect: {
    version: optional(isNumber),
    token: optional(isText),
    resume: optional(record({ session: isText, key: isText, position: isWhole, attempt: optional(isWhole) })),
    heartbeatMs: optional(isNumber),
    codec: optional(isText),
  },
  close: {},
  ...carrierRules,
  join: { ...numbered, ...inChannel, since: optional(isPosition) },
  leave: { ...numbered, ...inChannel },
  send: { ...numbered, ...inChannel, event: isText },
  history: { ...numbered, ...inChannel, since: optional(isPosition), limit: optional(isNumber) },
  authenticate: { ...numbered, token: isText },
  .../* @__PURE__ */ withNumbers(callRules),
})

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

const carryRules = /* @__PURE__ */ byType({ carry: { session: isText, key: isText } })

/** Reads the first line of a request that carries frames. */
export function readCarryFrame(text: string): ReadFrame<CarryFrame> {
  return readFrame(text, undefined, JSON.parse, carryRules) as ReadFrame<CarryFrame>
}

/** Reads what a client sent. */
export function readUpFrame(data: string | Uint8Array, codec?: Codec): ReadFrame<UpFrame> {
  return readFrame(data, codec, fromJson, upRules) as ReadFrame<UpFrame>
}

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

function readFrame(
  data: string | Uint8Array,
  codec: Codec | undefined,
  parse: (text: string) => unknown,
  types: ReadonlyMap<string, RuleList>,
): ReadFrame<unknown> {
  let frame: Readonly<Record<string, unknown>>
  try {
    frame = decoded(data, codec, parse) as typeof frame
  } catch {
    return { wrong: 'A frame is a JSON object with a type' }
  }
  if (isObject(frame) !== undefined) return { wrong: 'A frame is a JSON object with a type' }
  const type = frame['type']
  const rules = typeof type === 'string' ? types.get(type) : undefined
  const id = isNumber(frame['id']) === undefined ? (frame['id'] as number) : undefined
  if (rules === undefined) return { wrong: 'There is no frame of this type', id }
  const wrong = wrongKey(frame, rules)
  return wrong === undefined ? { frame } : { wrong: `In a frame of type ${type} ${wrong}`, id }
}

function withNumbers(types: Readonly<Record<string, Rules>>): Readonly<Record<string, Rules>> {
  return Object.fromEntries(Object.entries(types).map(([type, rules]) => [type, { ...rules, ...numbered }]))
}

function wrongKey(value: Readonly<Record<string, unknown>>, rules: RuleList): string | undefined {
  for (const [key, rule] of rules) {
    const wanted = rule(value[key])
    if (wanted !== undefined) return `${key} must be ${wanted}`
  }
  return undefined
}
