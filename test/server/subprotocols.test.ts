import assert from 'node:assert/strict'
import { test } from 'node:test'
import { handshake, RawPeer } from '../wire/raw-peer.ts'
import { Recorder } from '../wire/recorder.ts'
import { served } from '../wire/served.ts'

for (const [ours, theirs, chosen] of [
  [undefined, undefined, ''],
  [undefined, 'a', 'a'],
  [undefined, 'b, a', 'b'],
  [[], 'a', ''],
  [['a', 'b'], undefined, ''],
  [['a', 'b'], 'b, a', 'a'],
  [['a', 'b'], 'c, b', 'b'],
  [['a', 'b'], 'c', ''],
  [['a'], 'A', ''],
] as const) {
  test(`of ours (${ours?.join(' ') ?? 'not named'}) and theirs (${theirs ?? 'none'}) is chosen: ${chosen || 'none'}`, async () => {
    const recorder = new Recorder()
    await using server = await served({ ...recorder.handlers, ...(ours && { protocols: ours }) })
    const { answer } = await RawPeer.open(server, '/', { 'Sec-WebSocket-Protocol': theirs })
    assert.equal(answer.headers['sec-websocket-protocol'] ?? '', chosen)
    assert.equal((await recorder.opened.next()).protocol, chosen)
  })
}

test('admit may choose another of the offered subprotocols', async () => {
  await using server = await served({
    protocols: ['a', 'b'],
    admit: ({ protocols }) => ({ protocol: protocols[1] as string }),
  })
  const { answer } = await RawPeer.open(server, '/', { 'Sec-WebSocket-Protocol': 'a, b' })
  assert.equal(answer.headers['sec-websocket-protocol'], 'b')
})

test('admit may choose none, with an empty name', async () => {
  await using server = await served({ admit: () => ({ protocol: '' }) })
  const { answer } = await RawPeer.open(server, '/', { 'Sec-WebSocket-Protocol': 'a' })
  assert.equal(answer.headers['sec-websocket-protocol'], undefined)
})

test('§4.2.2 a subprotocol that was not offered is never answered: that is a mistake of admit', async () => {
  const recorder = new Recorder()
  await using server = await served({ ...recorder.handlers, admit: () => ({ protocol: 'b' }) })
  const peer = await RawPeer.connect(server)
  assert.equal((await peer.ask(handshake('/', { 'Sec-WebSocket-Protocol': 'a' }))).status, 500)
  const error = await recorder.until('error')
  assert.deepEqual([error.code, (error.cause as { code?: string }).code], ['ERR_HANDLER', 'ERR_SUBPROTOCOL'])
})
