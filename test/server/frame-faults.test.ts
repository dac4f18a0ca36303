import assert from 'node:assert/strict'
import { RealtimeError } from '../../src/errors.ts'
import { seeded } from '../../src/testing/seeded.ts'
import { frame, TEXT } from '../wire/frames.ts'
import { testEach } from '../wire/listeners.ts'
import { RawPeer } from '../wire/raw-peer.ts'
import { served } from '../wire/served.ts'

testEach(
  'frames with bytes changed at random end their connection at most, in whatever pieces they come',
  async (options) => {
    const random = seeded(7)
    const below = (limit: number): number => Math.floor(random() * limit)
    const errors: Error[] = []
    await using server = await served({
      ...options,
      compression: true,
      message: (socket, data) => void socket.send(data),
      error: (_, error) => void errors.push(error),
    })
    const witness = await RawPeer.open(server)
    for (let round = 0; round < 80; round++) {
      const peer = await RawPeer.open(server, '/', { 'Sec-WebSocket-Extensions': 'permessage-deflate' })
      const bytes = Buffer.concat(
        Array.from({ length: 1 + below(6) }, () =>
          frame(below(16), Buffer.alloc(below(300), below(256)), { fin: random() < 0.8 }),
        ),
      )
      for (let change = below(4); change > 0; change--) bytes[below(bytes.length)] = below(256)
      for (let at = 0; at < bytes.length; ) {
        const next = Math.min(at + 1 + below(200), bytes.length)
        peer.send(bytes.subarray(at, next))
        if (random() < 0.3) await new Promise(setImmediate)
        at = next
      }
      witness.send(frame(TEXT, `${round}`))
      assert.equal(await witness.text(), `${round}`)
      peer.reset()
      await peer.gone
    }
    while (server.sockets.size > 1) await new Promise(setImmediate)
    for (const error of errors) assert.ok(error instanceof RealtimeError, String(error))
  },
)
