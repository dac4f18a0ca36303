import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from '../../src/index.ts'
import { ByteServer } from './byte-server.ts'
import { failureOf, next, storyOf } from './story.ts'

for (const code of [
  0,
  500,
  999,
  1001,
  1005,
  1006,
  1015,
  2999,
  5000,
  65_536 + 1000,
  -1,
  Number.NaN,
  null,
  'text',
  {},
]) {
  test(`close(${JSON.stringify(code)}) throws an InvalidAccessError`, async () => {
    const socket = new WebSocket('ws://localhost/')
    assert.throws(() => socket.close(code as number), { name: 'InvalidAccessError', code: 15 })
    assert.equal(socket.readyState, WebSocket.CONNECTING)
    socket.close()
    await failureOf(socket)
  })
}

test('close throws a SyntaxError for a reason of more than 123 bytes', async () => {
  const socket = new WebSocket('ws://localhost/')
  for (const reason of ['x'.repeat(124), 'å'.repeat(62), '\ud800'.repeat(42)]) {
    assert.throws(() => socket.close(1000, reason), { name: 'SyntaxError' })
    assert.throws(() => socket.close(undefined, reason), { name: 'SyntaxError' })
  }
  socket.close()
  await failureOf(socket)
})

test('close looks at the code first, then at the reason, and at both in every state', async () => {
  const socket = new WebSocket('ws://localhost/')
  assert.throws(() => socket.close(5000, 'x'.repeat(124)), { name: 'InvalidAccessError' })
  socket.close()
  assert.throws(() => socket.close(5000), { name: 'InvalidAccessError' })
  await failureOf(socket)
  assert.throws(() => socket.close(1000, 'x'.repeat(124)), { name: 'SyntaxError' })
  socket.close(1000)
})

test('close: the conversions of Web IDL come before everything', async () => {
  const socket = new WebSocket('ws://localhost/')
  assert.throws(() => socket.close(1n as unknown as number), TypeError)
  assert.throws(() => socket.close(5, Symbol('no') as unknown as string), TypeError)
  socket.close()
  await failureOf(socket)
})

for (const [what, args, expected] of [
  ['nothing', [], { code: 1005, reason: '' }],
  ['undefined', [undefined], { code: 1005, reason: '' }],
  ['a code', [3000], { code: 3000, reason: '' }],
  ['a code and a reason', [1000, 'Clean Close'], { code: 1000, reason: 'Clean Close' }],
  ['a reason of 123 bytes', [4999, 'x'.repeat(123)], { code: 4999, reason: 'x'.repeat(123) }],
  ['a lone surrogate', [1000, 'a\ud807'], { code: 1000, reason: 'a\ufffd' }],
  ['a reason alone, which means 1000', [undefined, 'why'], { code: 1000, reason: 'why' }],
  ['an empty reason alone', [undefined, ''], { code: 1005, reason: '' }],
  ['a code as a string', ['3001'], { code: 3001, reason: '' }],
  ['a fraction, rounded', [2999.6], { code: 3000, reason: '' }],
  ['half a number, to the even one', [3000.5], { code: 3000, reason: '' }],
] as const) {
  test(`close with ${what} sends it, and the close event tells what comes back`, async () => {
    await using server = await ByteServer.listen()
    const socket = new WebSocket(server.url)
    const opened = next(socket, 'open')
    const peer = await server.accept()
    await opened
    const closed = next(socket, 'close')
    Reflect.apply(socket.close, socket, args)
    assert.deepEqual(await peer.finish(), expected)
    const { code, reason, wasClean } = await closed
    assert.deepEqual({ code, reason, wasClean }, { ...expected, wasClean: true })
  })
}

test('close while connecting fails the connection: error and close come, once and later', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const peer = await server.request()
  const story = storyOf(socket)
  let returned = false
  socket.addEventListener('error', () => assert.ok(returned))
  socket.close()
  socket.close(4000)
  returned = true
  assert.deepEqual(await story, ['error ERR_CLOSED', 'close 1006 unclean'])
  await peer.over
})

test('close before anything was dialed never connects', async () => {
  let dialed = false
  const socket = new WebSocket('ws://localhost/', {
    dial: () => {
      dialed = true
      throw new Error('dialed')
    },
  })
  socket.close()
  assert.equal((await failureOf(socket)).error.code, 'ERR_CLOSED')
  assert.equal(dialed, false)
})

test('close in the open event, in a message and in the close event', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const story = storyOf(socket)
  socket.onopen = () => socket.close(4001)
  socket.onclose = () => socket.close(4002)
  const peer = await server.accept()
  assert.equal((await peer.finish()).code, 4001)
  assert.deepEqual(await story, ['open', 'close 4001 clean'])
})

test('close several times sends one close frame', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url)
  const opened = next(socket, 'open')
  const peer = await server.accept()
  await opened
  const closed = next(socket, 'close')
  for (const code of [3000, 3001, 3002]) socket.close(code)
  assert.equal((await peer.finish()).code, 3000)
  assert.equal(peer.unread.length, 0)
  await closed
})
