import { perform } from '../../channels/relay/acting.ts'
import type { Act } from '../../channels/relay/messages.ts'
import type { Codec } from '../../codec/codec.ts'
import { type DownFrame, wireError } from '../../codec/frame.ts'
import { readCarryFrame, readUpFrame } from '../../codec/read-up-frame.ts'
import { CallError } from '../../errors.ts'
import { readText } from '../../server/request-body.ts'
import { Connection, type ConnectionSettings } from './connection.ts'
import { lineHeaders } from './line-headers.ts'
import { PollWire } from './poll-wire.ts'
import { StreamWire } from './stream-wire.ts'

export interface HttpSettings extends ConnectionSettings {
  readonly pollMs: number
  readonly maxBodyBytes: number
}

/** What can be wanted of the protocol over HTTP: the value of the query `polyplex.1`. */
export type HttpWish = 'stream' | 'events' | 'poll' | 'send'

/** Answers a request of a client without WebSocket. */
export async function answerOverHttp(
  settings: HttpSettings,
  wish: HttpWish,
  request: Request,
): Promise<Response> {
  if (request.method !== 'POST') return new Response('POST\n', { status: 405, headers: { Allow: 'POST' } })
  const text = await readText(request, settings.maxBodyBytes)
  if (text === undefined) return lineOf({ type: 'close', why: 'tooBig', reconnect: true }, 413)
  if (wish === 'send') return take(settings, text)
  return new Promise((resolve) => {
    const wire =
      wish === 'poll'
        ? new PollWire(settings, request, resolve)
        : new StreamWire(settings, request, wish === 'events', resolve)
    const connection = new Connection(settings, wire)
    wire.start(connection)
    for (const line of text.split('\n')) if (line !== '') connection.received(line)
  })
}

/** Frames upwards: each takes effect once, so that a request may come again. */
async function take({ core, frames }: HttpSettings, text: string): Promise<Response> {
  const [first = '', ...lines] = text.split('\n').filter((line) => line !== '')
  const read = readCarryFrame(first)
  if (!('frame' in read)) {
    const message = 'The first line is a frame of type carry'
    return lineOf({ type: 'close', why: 'protocolError', code: 'ERR_FRAME', message, reconnect: false }, 400)
  }
  const acts = lines.flatMap((line) => actOf(line, frames.codec))
  const session = core.find(frames.json, read.frame.session, read.frame.key)
  if (session !== undefined) {
    for (const act of acts) perform(session, act)
    session.alive(false)
    return lineOf({ type: 'ack', position: session.received }, 200)
  }
  const received = await core.relays.post(frames.json, read.frame, acts)
  if (typeof received === 'number') return lineOf({ type: 'ack', position: received }, 200)
  if (received === 'overload') {
    const message = 'Too many sessions are asked for at a time'
    return lineOf({ type: 'close', why: 'overload', message, reconnect: true, afterMs: 1_000 }, 503)
  }
  const message = 'There is no such session'
  return lineOf({ type: 'close', why: 'timeout', code: 'ERR_SESSION', message, reconnect: true }, 410)
}

/** What a line means for the session; a `pong` means only that the client lives. */
function actOf(line: string, codec: Codec | undefined): Act[] {
  const { frame, wrong, id } = { frame: undefined, wrong: '', id: undefined, ...readUpFrame(line, codec) }
  if (frame === undefined) {
    const error = wireError(new CallError('ERR_FRAME', { message: wrong }))
    return [{ type: 'tell', event: { type: 'error', to: id, error } }]
  }
  return 'id' in frame || frame.type === 'ack' || frame.type === 'close' || frame.type === 'ping'
    ? [frame]
    : []
}

function lineOf(frame: DownFrame, status: number): Response {
  return new Response(`${JSON.stringify(frame)}\n`, { status, headers: lineHeaders })
}
