import type { SessionEvent } from '../../channels/carrier.ts'
import type { Position } from '../../codec/frame.ts'
import { fromJson, toJson } from '../../codec/json.ts'

/** What a text of a client means: one that begins like a JSON object or list, and is one, is that; any other is itself. */
export function bodyOf(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text
  try {
    return fromJson(text)
  } catch {
    return text
  }
}

/** A body as a client without a library reads it: a text as it is, anything else as JSON. */
export function textOf(body: unknown): string {
  return typeof body === 'string' ? body : body === undefined ? '' : toJson(body)
}

/** A body as a plain WebSocket hears it: bytes as a binary message. */
function plainOf(body: unknown): string | Uint8Array {
  return body instanceof Uint8Array ? body : textOf(body)
}

/**
 * What a plain WebSocket hears: bodies of its own event as they are; everything else as JSON under a name of its own;
 * nothing of what only a protocol needs.
 */
export function messageOf(event: SessionEvent, ownEvent: string): string | Uint8Array | undefined {
  switch (event.type) {
    case 'publish':
    case 'send':
      return event.event === ownEvent ? plainOf(event.body) : toJson({ event: event.event, body: event.body })
    case 'error':
      return JSON.stringify({ error: event.error })
    case 'moved':
      return toJson({ moved: { channel: event.channel, welcome: event.welcome } })
    case 'channel-reset':
      return JSON.stringify({ reset: { reason: event.reason } })
    default:
      return undefined
  }
}

/** Where a client is in a channel, as one word: `epoch:offset`. */
export function cursorOf({ epoch, offset }: Position): string {
  return `${epoch}:${offset}`
}

/** The position a cursor names; nothing where it is none. */
export function positionOf(cursor: string): Position | undefined {
  const [, epoch, digits] = /^(.+):(\d{1,15})$/.exec(cursor) ?? []
  return epoch === undefined ? undefined : { epoch, offset: Number(digits) }
}

/** One event of an event stream (WHATWG HTML §9.2); without a name it is a `message`. */
export function eventOf(data: string, name?: string, id?: string): string {
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`)
  const head = `${id === undefined ? '' : `id: ${id}\n`}${name === undefined ? '' : `event: ${name}\n`}`
  return `${head}${lines.join('')}\n`
}

/** A name of an event that may stand in a line of an event stream. */
export function isLine(name: string): boolean {
  return !/[\r\n]/.test(name)
}
