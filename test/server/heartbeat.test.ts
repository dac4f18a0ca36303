import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { frame, PING, PONG } from '../wire/frames.ts'
import { testEach } from '../wire/listeners.ts'
import { RawPeer } from '../wire/raw-peer.ts'
import { Recorder } from '../wire/recorder.ts'
import { served } from '../wire/served.ts'

// What follows when is tested with a clock of its own in test/transport/heartbeat.test.ts.

testEach('a silent peer is pinged, and cut when it stays silent', async (options) => {
  const recorder = new Recorder()
  await using server = await served({
    ...options,
    ...recorder.handlers,
    heartbeat: { everyMs: 1, graceMs: 1 },
  })
  const peer = await RawPeer.open(server)
  const { opcode, payload } = await peer.frame()
  assert.deepEqual([opcode, payload.length], [PING, 0])
  await Promise.race([peer.ended, peer.gone])
  const error = await recorder.until('error')
  assert.deepEqual([error.name, error.code], ['TimeoutError', 'ERR_HEARTBEAT_TIMEOUT'])
  const closed = await recorder.until('close')
  assert.deepEqual([closed.code, closed.error], [1006, error])
})

test('a silent peer that answers is pinged again and again', async () => {
  await using server = await served({ message: () => {}, heartbeat: { everyMs: 1, graceMs: 300 } })
  const peer = await RawPeer.open(server)
  for (let count = 0; count < 4; count++) {
    assert.equal((await peer.frame()).opcode, PING)
    peer.send(frame(PONG))
  }
  assert.equal(server.sockets.size, 1)
})

test('a thread that was busy for long hears its peers before it judges them', async () => {
  const recorder = new Recorder()
  await using server = await served({
    ...recorder.handlers,
    message: (socket, data) => void socket.send(data),
    heartbeat: { everyMs: 1, graceMs: 100 },
  })
  // A peer of another thread, which answers pings at once however busy this one is.
  const worker = new Worker(
    `const { workerData, parentPort } = require('node:worker_threads')
    const socket = require('node:net').connect(workerData, '127.0.0.1')
    socket.write('GET / HTTP/1.1\\r\\nHost: a\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n')
    let pings = 0
    socket.on('data', (chunk) => {
      if (chunk[0] !== 0x89) return
      socket.write(Buffer.from([0x8a, 0x80, 0, 0, 0, 0]), () => parentPort.postMessage(++pings))
    })
    socket.on('close', () => parentPort.postMessage('cut'))`,
    { eval: true, workerData: server.port },
  )
  const news: unknown[] = []
  worker.on('message', (message) => news.push(message))
  while (server.sockets.size === 0) await new Promise(setImmediate)
  for (let round = 0; round < 3; round++) {
    const until = performance.now() + 700
    while (performance.now() < until);
    // Timers that are due, then what has arrived, then this.
    await new Promise(setImmediate)
  }
  await new Promise(setImmediate)
  assert.ok(!news.includes('cut'))
  assert.equal(server.sockets.size, 1)
  await worker.terminate()
})
