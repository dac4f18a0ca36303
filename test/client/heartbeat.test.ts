import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CarrierEvents, Closed } from '../../src/transport/websocket-carrier.ts'
import { frame, PING, PONG } from '../wire/frames.ts'
import { ByteServer } from './byte-server.ts'
import { Clock } from './clock.ts'

const ignore = (): void => {}

function eventsWith(closed: (how: Closed) => void): CarrierEvents<undefined> {
  return {
    text: ignore,
    binary: ignore,
    fragment: ignore,
    ping: ignore,
    pong: ignore,
    drain: ignore,
    closed: (_, how) => closed(how),
  }
}

test('heartbeat is off by default: a silent server is not disturbed', async () => {
  await using server = await ByteServer.listen()
  const clock = new Clock()
  const [opened, peer] = await Promise.all([clock.open(server.url).opened, server.accept()])
  opened.carry(undefined, eventsWith(ignore)).start()
  clock.advance(3_600_000)
  assert.equal(clock.waiting, 0)
  peer.reset()
})

test('heartbeat: a server silent for everyMs is pinged, and cut off when silent for graceMs more', async () => {
  await using server = await ByteServer.listen()
  const clock = new Clock()
  const opening = clock.open(server.url, { heartbeat: { everyMs: 20_000, graceMs: 5_000 } })
  const [opened, peer] = await Promise.all([opening.opened, server.accept()])
  const told = new Promise<Closed>((resolve) => {
    opened.carry(undefined, eventsWith(resolve)).start()
  })
  clock.advance(20_250)
  assert.equal((await peer.frame()).opcode, PING)
  clock.advance(4_500)
  assert.equal(clock.waiting, 1)
  clock.advance(750)
  const { code, wasClean, error } = await told
  assert.deepEqual([code, wasClean, error?.code], [1006, false, 'ERR_HEARTBEAT_TIMEOUT'])
})

test('heartbeat: true takes the defaults, and any answer keeps the connection', async () => {
  await using server = await ByteServer.listen()
  const clock = new Clock()
  const opening = clock.open(server.url, { heartbeat: true })
  const [opened, peer] = await Promise.all([opening.opened, server.accept()])
  const heard: string[] = []
  const told = new Promise<Closed>((resolve) => {
    const carrier = opened.carry(undefined, { ...eventsWith(resolve), pong: () => void heard.push('pong') })
    carrier.start()
  })
  for (let round = 1; round <= 3; round++) {
    clock.advance(25_250)
    const { opcode, payload } = await peer.frame()
    assert.equal(opcode, PING)
    peer.send(frame(PONG, payload, { mask: false }))
    while (heard.length < round) await new Promise((resolve) => setImmediate(resolve))
  }
  peer.close(1000)
  await peer.closeFrame()
  peer.stream.end()
  assert.equal((await told).wasClean, true)
})
