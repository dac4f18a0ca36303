import { type DownFrame, wireError } from '../../codec/frame.ts'
import { readCarryFrame, readUpFrame } from '../../codec/read-frame.ts'
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
        ? new PollWire(settings.core, request, settings.pollMs, resolve)
        : new StreamWire(settings, request, wish === 'events', resolve)
    const connection = new Connection(settings, wire)
    wire.start(connection)
    for (const line of text.split('\n')) if (line !== '') connection.received(line)
  })
}

/** Frames upwards: each takes effect once, so that a request may come again. */
function take(settings: HttpSettings, text: string): Response {
  const [first = '', ...lines] = text.split('\n').filter((line) => line !== '')
  const read = readCarryFrame(first)
  if (!('frame' in read)) {
    const message = 'The first line is a frame of type carry'
    return lineOf({ type: 'close', why: 'protocolError', code: 'ERR_FRAME', message, reconnect: false }, 400)
  }
  const session = settings.core.find(settings.encoder, read.frame.session, read.frame.key)
  if (session === undefined) {
    const message = 'There is no such session'
    return lineOf({ type: 'close', why: 'timeout', code: 'ERR_SESSION', message, reconnect: true }, 410)
  }
  for (const line of lines) {
    const { frame, wrong, id } = { frame: undefined, wrong: '', id: undefined, ...readUpFrame(line) }
    if (frame === undefined) {
      session.write({
        type: 'error',
        to: id,
        error: wireError(new CallError('ERR_FRAME', { message: wrong })),
      })
    } else if (frame.type === 'ack') session.acknowledge(frame.position)
    else if (frame.type === 'ping') (session.carrier as Connection | undefined)?.answerPing()
    else if (frame.type === 'close') session.end({ why: 'normal', reconnect: false })
    else if ('id' in frame) session.receive(frame)
  }
  return lineOf({ type: 'ack', position: session.received }, 200)
}

function lineOf(frame: DownFrame, status: number): Response {
  return new Response(`${JSON.stringify(frame)}\n`, { status, headers: lineHeaders })
}
