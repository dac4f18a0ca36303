import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channel } from '../../../src/channels/channel.ts'
import { realtime } from '../../../src/channels/realtime.ts'
import { WebSocket } from '../../../src/client/websocket.ts'
import { messagePack } from '../../../src/codec/message-pack.ts'
import { native } from '../../../src/dialects/native/index.ts'
import { serve } from '../../../src/server/serve.ts'
import { HandClient } from '../../channels/client.ts'

const codec = messagePack()
type Frame = Record<string, unknown>

const room = channel('room', {
  events: { message: {}, echo: {} },
  history: { limit: 10, ttlMs: 60_000 },
  on: {
    message: async (ctx, body) => (await ctx.publish('message', body)).offset,
    echo: (_ctx, body) => body,
  },
})

async function serveRoom(withCodec = true) {
  const app = realtime({ channels: [room] })
  const server = await serve({ app, dialects: [native(withCodec ? { codec } : {})] })
  return {
    url: server.url,
    http: (wish: string) => `${server.url.replace('ws', 'http')}?polyplex.1=${wish}`,
    [Symbol.asyncDispose]: () => server.close(),
  }
}

/** A client that writes MessagePack once the server has agreed to it. */
async function packedClient(url: string) {
  const socket = new WebSocket(url, ['polyplex.1'])
  socket.binaryType = 'arraybuffer'
  const heard: (string | Frame)[] = []
  let told = (): void => {}
  socket.addEventListener('message', ({ data }) => {
    heard.push(typeof data === 'string' ? data : (codec.decode(new Uint8Array(data as ArrayBuffer)) as Frame))
    told()
  })
  await new Promise((resolve) => socket.addEventListener('open', resolve))
  return {
    say: (frame: Frame | string) => socket.send(typeof frame === 'string' ? frame : codec.encode(frame)),
    async hear(): Promise<string | Frame> {
      while (heard.length === 0) {
        await new Promise<void>((resolve) => {
          told = resolve
        })
      }
      return heard.shift() as string | Frame
    },
    close: () => socket.close(),
  }
}

test('a client that has the codec hears counted frames in MessagePack, with bytes as bytes, beside one that speaks JSON', async () => {
  await using server = await serveRoom()
  const packed = await packedClient(server.url)
  packed.say('{"type":"connect","codec":"msgpack"}')
  const connected = JSON.parse((await packed.hear()) as string)
  assert.equal(connected.codec, 'msgpack')
  packed.say({ type: 'join', id: 1, channel: 'room' })
  assert.equal(((await packed.hear()) as Frame)['type'], 'joined')
  const hand = new HandClient(server.url)
  await hand.join('room')
  const body = { bytes: Uint8Array.of(1, 2, 3), text: 'é' }
  packed.say({ type: 'call', id: 2, channel: 'room', event: 'message', body })
  assert.deepEqual(((await packed.hear()) as Frame)['body'], body)
  assert.deepEqual(await packed.hear(), { type: 'reply', to: 2, body: 1 })
  assert.deepEqual((await hand.hear('publish'))['body'], { bytes: { $bytes: 'AQID' }, text: 'é' })
  hand.say('{"type":"call","id":2,"channel":"room","event":"message","body":{"$bytes":"BAU="}}')
  assert.deepEqual(((await packed.hear()) as Frame)['body'], Uint8Array.of(4, 5))
  // What is not counted stays text, and a peer may say anything as text.
  packed.say('{"type":"ping"}')
  assert.equal(await packed.hear(), '{"type":"pong"}')
  packed.close()
  hand.cut()
})

test('where the server has no such codec both speak JSON, and bytes that are no frame are an error', async () => {
  await using server = await serveRoom(false)
  const packed = await packedClient(server.url)
  packed.say('{"type":"connect","codec":"msgpack"}')
  assert.equal(JSON.parse((await packed.hear()) as string).codec, undefined)
  packed.say({ type: 'join', id: 1, channel: 'room' })
  assert.equal(JSON.parse((await packed.hear()) as string).error.code, 'ERR_FRAME')
  packed.close()
})

test('bytes that are no MessagePack are an error of their own session', async () => {
  await using server = await serveRoom()
  const packed = await packedClient(server.url)
  packed.say('{"type":"connect","codec":"msgpack"}')
  await packed.hear()
  for (const wrong of ['c1', 'dd ffffffff', '81 01 02', '']) {
    packed.say(`msgpack:${Buffer.from(wrong.replaceAll(' ', ''), 'hex').toString('base64')}`)
    const { type, error } = (await packed.hear()) as { type: string; error: { code: string } }
    assert.deepEqual([type, error.code], ['error', 'ERR_FRAME'])
  }
  packed.close()
})

test('over HTTP a frame in MessagePack is a line of base64, both ways, and the session goes on over a WebSocket', async () => {
  await using server = await serveRoom()
  const post = (wish: string, ...lines: string[]) =>
    fetch(server.http(wish), { method: 'POST', body: lines.map((line) => `${line}\n`).join('') })
  const lines = async (response: Response) =>
    (await response.text()).split('\n').filter((line) => line !== '')
  const [greeting = ''] = await lines(await post('poll', '{"type":"connect","codec":"msgpack"}'))
  const { session, key } = JSON.parse(greeting) as { session: string; key: string }
  const pack = (frame: Frame) => codec.toText(codec.encode(frame))
  const body = Uint8Array.of(9, 8, 7)
  const sent = await post(
    'send',
    JSON.stringify({ type: 'carry', session, key }),
    pack({ type: 'join', id: 1, channel: 'room' }),
    pack({ type: 'call', id: 2, channel: 'room', event: 'echo', body }),
  )
  assert.deepEqual(await lines(sent), ['{"type":"ack","position":2}'])
  const connect = (position: number) =>
    JSON.stringify({ type: 'connect', resume: { session, key, position } })
  const [, ...polled] = await lines(await post('poll', connect(0)))
  const frames = polled.map((line) => codec.decode(codec.fromText(line)) as Frame)
  assert.deepEqual(
    frames.map(({ type }) => type),
    ['joined', 'reply'],
  )
  assert.deepEqual(frames[1]?.['body'], body)
  const packed = await packedClient(server.url)
  packed.say(connect(1))
  assert.equal(JSON.parse((await packed.hear()) as string).type, 'resumed')
  assert.deepEqual(await packed.hear(), { type: 'reply', to: 2, body })
  packed.close()
})
