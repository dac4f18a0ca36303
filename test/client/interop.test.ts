import assert from 'node:assert/strict'
import { createServer } from 'node:https'
import { test } from 'node:test'
import { WebSocketServer } from 'ws'
import { WebSocket, WebSocketStream } from '../../src/index.ts'
import { certificate } from '../wire/certificate.ts'
import { next } from './story.ts'

/** The most used server on Node, echoing. */
async function echo(secure: boolean, perMessageDeflate: boolean | object) {
  const https = secure ? createServer(certificate) : undefined
  const server = new WebSocketServer(
    https === undefined
      ? { port: 0, host: 'localhost', perMessageDeflate }
      : { server: https, perMessageDeflate },
  )
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }))
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => {
    if (https === undefined) server.once('listening', resolve)
    else https.listen(0, 'localhost', resolve)
  })
  const { port } = (https ?? server).address() as { port: number }
  return {
    url: `${secure ? 'wss' : 'ws'}://localhost:${port}/`,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve))
      if (https !== undefined) await new Promise((resolve) => https.close(resolve))
    },
  }
}

const tls = { ca: certificate.cert }
const messages = [
  '',
  'hello',
  'grüße, 世界 🔌',
  'long '.repeat(100_000),
  ...[0, 1, 125, 126, 65_535, 65_536, 1_000_000].map((size) => new Uint8Array(size).fill(size)),
]

for (const secure of [false, true]) {
  for (const [how, deflate] of [
    ['plain', false],
    ['compressed', { threshold: 0 }],
    [
      'compressed without takeover',
      { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
    ],
    ['compressed with small windows', { threshold: 0, serverMaxWindowBits: 10, clientMaxWindowBits: 10 }],
  ] as const) {
    const over = `ws over ${secure ? 'TLS' : 'TCP'}, ${how}`

    test(`WebSocket with a server of ${over}: what is sent comes back`, async () => {
      await using server = await echo(secure, deflate)
      const socket = new WebSocket(server.url, ['first', 'second'], { tls })
      socket.binaryType = 'arraybuffer'
      await next(socket, 'open')
      assert.equal(socket.protocol, 'first')
      assert.equal(socket.extensions.startsWith('permessage-deflate'), deflate !== false)
      const heard: unknown[] = []
      const all = new Promise<void>((resolve) => {
        socket.onmessage = ({ data }) => heard.push(data) === messages.length && resolve()
      })
      for (const message of messages) socket.send(message)
      await all
      for (const [index, message] of messages.entries()) {
        const data = heard[index]
        if (typeof message === 'string') assert.equal(data, message)
        else assert.ok(Buffer.from(data as ArrayBuffer).equals(message))
      }
      assert.ok((await socket.ping()) > 0)
      const closed = next(socket, 'close')
      socket.close(3000, 'done')
      const { code, reason, wasClean } = await closed
      assert.deepEqual([code, reason, wasClean], [3000, 'done', true])
    })

    test(`WebSocketStream with a server of ${over}: what is written comes back`, async () => {
      await using server = await echo(secure, deflate)
      const stream = new WebSocketStream(server.url, { tls })
      const { readable, writable } = await stream.opened
      const writer = writable.getWriter()
      const reader = readable.getReader()
      const writing = (async () => {
        for (const message of messages) await writer.write(message)
      })()
      for (const message of messages) {
        const { value } = await reader.read()
        if (typeof message === 'string') assert.equal(value, message)
        else assert.ok(Buffer.from(value as Uint8Array).equals(message))
      }
      await writing
      await writer.close()
      assert.deepEqual(await stream.closed, { closeCode: 1005, reason: '' })
    })
  }
}
