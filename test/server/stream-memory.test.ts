import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { Socket } from '../../src/server/index.ts'
import { served } from '../wire/served.ts'

// The peer lives in a thread of its own, so that the memory it needs is small and steady and it never waits for us.
const peer = `
const { workerData, parentPort } = require('node:worker_threads')
const { connect } = require('node:net')
const socket = connect(workerData.port, '127.0.0.1')
const total = workerData.bytes
socket.write('GET / HTTP/1.1\\r\\nHost: a\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n')
let received = 0
socket.on('data', (chunk) => {
  received += chunk.length
  parentPort.postMessage(received)
})
socket.once('data', async () => {
  const head = Buffer.alloc(14)
  head[0] = 0x82
  head[1] = 0xff
  head.writeBigUInt64BE(BigInt(total), 2)
  socket.write(head)
  const piece = Buffer.alloc(262144, 'polyplex')
  for (let sent = 0; sent < total; sent += piece.length) {
    if (!socket.write(piece)) await new Promise((resolve) => socket.once('drain', resolve))
  }
})
parentPort.on('message', () => process.exit())
`

/** Megabytes to pass; more of them by hand: \`POLYPLEX_STREAM_MB=2048\`. */
const megabytes = Number(process.env['POLYPLEX_STREAM_MB'] ?? 256)

test(`a message of ${megabytes} MiB passes through both ways with flat memory`, async (context) => {
  const bytes = megabytes * 1_048_576
  let received = 0
  let most = 0
  let base = 0
  let finish: () => void = () => {}
  const passed = new Promise<void>((resolve) => {
    finish = resolve
  })
  await using server = await served({
    limits: { maxMessageBytes: Number.POSITIVE_INFINITY },
    async stream(socket: Socket, message) {
      async function* counted(): AsyncGenerator<Uint8Array> {
        for await (const piece of message.readable) {
          received += piece.length
          const { rss } = process.memoryUsage()
          // What the first 32 MiB leave behind is what it takes.
          if (received < 33_554_432) base = Math.max(base, rss)
          most = Math.max(most, rss)
          yield piece
        }
      }
      await socket.sendStream(counted())
      finish()
    },
  })
  const worker = new Worker(peer, { eval: true, workerData: { port: server.port, bytes } })
  let echoed = 0
  const all = new Promise<void>((resolve) => {
    worker.on('message', (count: number) => {
      echoed = count
      if (echoed >= bytes) resolve()
    })
  })
  await passed
  await all
  await worker.terminate()
  assert.equal(received, bytes)
  const grown = (most - base) / 1_048_576
  context.diagnostic(
    `${megabytes} MiB: ${(base / 1_048_576).toFixed(0)} MiB resident, ${grown.toFixed(0)} MiB more at most`,
  )
  assert.ok(grown < 160, `${grown} MiB more`)
})
