import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import WebSocket from 'polyplex/ws'
import { closeOf, combinations, endPair, messagesOf, openPair, testPairs } from './pairs.ts'

const [alone] = combinations as [(typeof combinations)[0]]

testPairs(
  'the closing handshake carries code and reason, and is clean on both sides',
  async ({ client, server }) => {
    const events: string[] = []
    client.addEventListener('close', ({ wasClean }) => events.push(`client ${wasClean}`))
    server.addEventListener('close', ({ wasClean }) => events.push(`server ${wasClean}`))
    const both = Promise.all([closeOf(client), closeOf(server)])
    client.close(4001, 'enough')
    assert.equal(client.readyState, WebSocket.CLOSING)
    assert.deepEqual(await both, [
      [4001, 'enough'],
      [4001, 'enough'],
    ])
    assert.equal(client.readyState, WebSocket.CLOSED)
    assert.deepEqual(events.sort(), ['client true', 'server true'])
  },
)

testPairs('a close without code arrives as 1005', async ({ client, server }) => {
  const closed = closeOf(client)
  server.close()
  assert.deepEqual(await closed, [1005, ''])
})

testPairs('what was sent before the close arrives', async ({ client, server }) => {
  const received = messagesOf(client, 2)
  server.send('one')
  server.send(Buffer.alloc(300_000))
  server.close(1000)
  assert.equal((await received).length, 2)
})

testPairs(
  '`terminate` ends both sides with 1006, and what was sent before arrives',
  async ({ client, server }) => {
    const received = messagesOf(client, 1)
    const both = Promise.all([closeOf(client), closeOf(server)])
    server.send('last words')
    server.terminate()
    assert.deepEqual(await both, [
      [1006, ''],
      [1006, ''],
    ])
    assert.equal(String((await received)[0]?.[0]), 'last words')
  },
)

testPairs('what is sent after the close is counted, and its callback has an error', async ({ client }) => {
  const closed = once(client, 'close')
  client.close()
  const failed = new Promise<Error | undefined>((resolve) => {
    client.send('12345', resolve)
  })
  assert.equal((await failed)?.message, 'WebSocket is not open: readyState 2 (CLOSING)')
  await closed
  const late = new Promise<Error | undefined>((resolve) => {
    client.ping('123', undefined, resolve)
  })
  assert.equal((await late)?.message, 'WebSocket is not open: readyState 3 (CLOSED)')
  assert.equal(client.bufferedAmount, 8)
})

testPairs('codes and reasons that cannot be sent are refused', ({ client }) => {
  const wrongCode = { name: 'TypeError', message: 'First argument must be a valid error code number' }
  for (const code of [1004, 1005, 1006, 2999, 5000]) assert.throws(() => client.close(code), wrongCode)
  assert.throws(() => client.close(1000, 'x'.repeat(124)), {
    name: 'RangeError',
    message: 'The message must not be greater than 123 bytes',
  })
  assert.equal(client.readyState, WebSocket.OPEN)
})

test('a peer that does not answer the close frame is cut after `closeTimeout`', async () => {
  const pair = await openPair(alone, { client: { closeTimeout: 20 } })
  pair.server.pause()
  const closed = closeOf(pair.client)
  pair.client.close(1000)
  assert.deepEqual(await closed, [1006, ''])
  pair.server.resume()
  await endPair(pair)
})

test('the callbacks of what could not be sent have an error before the close', async () => {
  const pair = await openPair(alone)
  const order: string[] = []
  // More than every buffer on the way, to somebody who does not read.
  pair.client.pause()
  pair.server.send(Buffer.alloc(16 * 1024 * 1024), (error) =>
    order.push(`callback ${error instanceof Error}`),
  )
  pair.server.on('close', () => order.push('close'))
  const closed = once(pair.server, 'close')
  setImmediate(() => pair.server.terminate())
  await closed
  assert.deepEqual(order, ['callback true', 'close'])
  await endPair(pair)
})

test('so have those of what is sent and cut in the same turn, unless the system had taken it', async () => {
  const pair = await openPair(alone)
  const order: string[] = []
  pair.client.pause()
  pair.server.send('taken', (error) => order.push(`taken ${error === undefined}`))
  pair.server.terminate()
  const closed = once(pair.server, 'close')
  await closed
  assert.deepEqual(order, ['taken true'])

  pair.client.send(Buffer.alloc(16 * 1024 * 1024), (error) => order.push(`left ${error instanceof Error}`))
  pair.client.terminate()
  await once(pair.client, 'close')
  assert.deepEqual(order, ['taken true', 'left true'])
  await endPair(pair)
})

test('`bufferedAmount` tells what the system has not taken', async () => {
  const pair = await openPair(alone)
  pair.client.pause()
  assert.equal(pair.server.bufferedAmount, 0)
  pair.server.send(Buffer.alloc(16 * 1024 * 1024))
  assert.ok(pair.server.bufferedAmount > 1_000_000)
  pair.client.on('message', () => {})
  const drained = new Promise<void>((resolve) => {
    pair.server.send('behind', () => resolve())
  })
  pair.client.resume()
  await drained
  assert.equal(pair.server.bufferedAmount, 0)
  await endPair(pair)
})

interface Wrong {
  readonly frame: string
  readonly code: string
  readonly closeCode: number
  readonly message: string
}

const invalid = 'Invalid WebSocket frame: '
const wrongFrames: readonly Wrong[] = [
  {
    frame: 'a180',
    code: 'WS_ERR_UNEXPECTED_RSV_2_3',
    closeCode: 1002,
    message: `${invalid}RSV2 and RSV3 must be clear`,
  },
  {
    frame: 'c180',
    code: 'WS_ERR_UNEXPECTED_RSV_1',
    closeCode: 1002,
    message: `${invalid}RSV1 must be clear`,
  },
  { frame: '8380', code: 'WS_ERR_INVALID_OPCODE', closeCode: 1002, message: `${invalid}invalid opcode 3` },
  { frame: '8080', code: 'WS_ERR_INVALID_OPCODE', closeCode: 1002, message: `${invalid}invalid opcode 0` },
  { frame: '0980', code: 'WS_ERR_EXPECTED_FIN', closeCode: 1002, message: `${invalid}FIN must be set` },
  {
    frame: '89fe',
    code: 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
    closeCode: 1002,
    message: `${invalid}invalid payload length 126`,
  },
  { frame: '8100', code: 'WS_ERR_EXPECTED_MASK', closeCode: 1002, message: `${invalid}MASK must be set` },
  {
    frame: '88820000000003ec',
    code: 'WS_ERR_INVALID_CLOSE_CODE',
    closeCode: 1002,
    message: `${invalid}invalid status code 1004`,
  },
  {
    frame: '818100000000ff',
    code: 'WS_ERR_INVALID_UTF8',
    closeCode: 1007,
    message: `${invalid}invalid UTF-8 sequence`,
  },
  {
    frame: '82fe0401',
    code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
    closeCode: 1009,
    message: 'Max payload size exceeded',
  },
]

for (const { frame, code, closeCode, message } of wrongFrames) {
  test(`${frame} is the error ${code}, and the peer is closed with ${closeCode}`, async () => {
    const pair = await openPair(
      { Client: combinations[2]?.Client ?? WebSocket, Server: WebSocket },
      {
        server: { maxPayload: 1024 },
      },
    )
    const failed = new Promise<Error & { code?: string }>((resolve) => {
      pair.server.on('error', resolve)
    })
    const told = closeOf(pair.client)
    const closed = closeOf(pair.server)
    const { _socket } = pair.client as unknown as { _socket: Duplex }
    _socket.write(Buffer.from(`${frame}00000000`, 'hex'))
    const error = await failed
    assert.equal(error.code, code)
    assert.equal(error.message, message)
    assert.deepEqual(await closed, [1006, ''])
    assert.deepEqual(await told, [closeCode, ''])
    await endPair(pair)
  })
}

test('a peer that breaks the rules does not end a program that listens for no error', async () => {
  const pair = await openPair({ Client: combinations[2]?.Client ?? WebSocket, Server: WebSocket })
  const closed = closeOf(pair.server)
  const { _socket } = pair.client as unknown as { _socket: Duplex }
  _socket.write(Buffer.from('83'.repeat(10), 'hex'))
  assert.deepEqual(await closed, [1006, ''])
  await endPair(pair)
})

test('the server closes when its last connection has', async () => {
  const pair = await openPair(alone)
  const closed = Promise.all([once(pair.wss, 'close'), once(pair.server, 'close')])
  pair.wss.close()
  pair.client.close()
  await closed
  assert.equal(pair.wss.clients.size, 0)
  const again = new Promise<Error | undefined>((resolve) => {
    pair.wss.close(resolve)
  })
  assert.equal((await again)?.message, 'The server is not running')
})

test('a program that sends and exits in the same turn has sent', async () => {
  const wss = new WebSocket.Server({ port: 0 })
  await once(wss, 'listening')
  const received = new Promise<string>((resolve) => {
    wss.on('connection', (ws) => ws.on('message', (data) => resolve(String(data))))
  })
  const { port } = wss.address() as { port: number }
  const program = `
    const WebSocket = require('polyplex/ws')
    const ws = new WebSocket('ws://localhost:${port}')
    ws.on('open', () => { ws.send('good bye'); process.exit() })`
  spawn(process.execPath, ['-e', program], { stdio: 'inherit' })
  assert.equal(await received, 'good bye')
  for (const ws of wss.clients) ws.terminate()
  await new Promise((resolve) => wss.close(resolve))
})

test('`require` and `import` give the same classes', () => {
  const program = `
    const WebSocket = require('polyplex/ws')
    import('polyplex/ws').then((names) => {
      console.log(names.default === WebSocket && names.WebSocketServer === WebSocket.Server && WebSocket.WebSocket === WebSocket)
    })`
  const { stdout } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' })
  assert.equal(stdout, 'true\n')
})
