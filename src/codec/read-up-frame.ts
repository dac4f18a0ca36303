import { isString as isText } from '../util/options.ts'
import type { Codec } from './codec.ts'
import type { CarryFrame, UpFrame } from './frame.ts'
import { fromJson } from './json.ts'
import {
  byType,
  callRules,
  carrierRules,
  inChannel,
  isNumber,
  isPosition,
  isWhole,
  optional,
  type ReadFrame,
  type Rules,
  readFrame,
  record,
} from './read-frame.ts'

const numbered = { id: isNumber }

const upRules = byType({
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
  ...withNumbers(callRules),
})

const carryRules = byType({ carry: { session: isText, key: isText } })

/** Reads the first line of a request that carries frames. */
export function readCarryFrame(text: string): ReadFrame<CarryFrame> {
  return readFrame(text, undefined, JSON.parse, carryRules) as ReadFrame<CarryFrame>
}

/** Reads what a client sent. */
export function readUpFrame(data: string | Uint8Array, codec?: Codec): ReadFrame<UpFrame> {
  return readFrame(data, codec, fromJson, upRules) as ReadFrame<UpFrame>
}

function withNumbers(types: Readonly<Record<string, Rules>>): Readonly<Record<string, Rules>> {
  return Object.fromEntries(Object.entries(types).map(([type, rules]) => [type, { ...rules, ...numbered }]))
}
