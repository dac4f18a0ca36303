import assert from 'node:assert/strict'
import { test } from 'node:test'
import { close, frame, ping, TEXT, text } from '../wire/frames.ts'
import { testEach } from '../wire/listeners.ts'
import { RawPeer } from '../wire/raw-peer.ts'
import { Recorder } from '../wire/recorder.ts'
import { served } from '../wire/served.ts'

testEach('pause stops reading in the middle of a chunk, and resume loses nothing', async (options) => {
  const recorder = new Recorder()
  await using server = await served({
    ...options,
    ...recorder.handlers,
    message(socket, data) {
      recorder.handlers.message(socket, data)
      if (data === '3' || data === '7') socket.pause()
    },
  })
  const peer = await RawPeer.open(server)
  const all = Array.from({ length: 10 }, (_, index) => text(`${index}`))
  // The last frame arrives in two halves.
  const bytes = Buffer.concat([...all, ping('end'), text('x'.repeat(100))])
  peer.send(bytes.subarray(0, bytes.length - 50))
  const socket = await recorder.opened.next()
  const heard: unknown[] = []
  for (const last of ['3', '7', '9'] as const) {
    for (;;) {
      const [kind, value] = await recorder.next()
      if (kind === 'message') heard.push(value)
      if (value === last) break
    }
    assert.equal(socket.isPaused, last !== '9')
    if (last === '9') break
    await new Promise(setImmediate)
    assert.equal(recorder.inbox.length, 0)
    socket.resume()
    assert.equal(socket.isPaused, recorder.inbox.length > 0 && last === '3')
  }
  assert.deepEqual(heard, ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
  peer.send(bytes.subarray(bytes.length - 50))
  assert.equal(await recorder.until('ping'), 'end')
  assert.equal(await recorder.until('message'), 'x'.repeat(100))
})

testEach('while a socket is paused the peer feels back-pressure, and memory stays flat', async (options) => {
  const recorder = new Recorder()
  await using server = await served({ ...options, ...recorder.handlers })
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  socket.pause()
  const before = process.memoryUsage().rss
  const message = frame(TEXT, 'x'.repeat(100_000))
  let sent = 0
  while (peer.stream.write(message)) sent += 1
  await new Promise(setImmediate)
  // The kernel's buffers and a chunk or two, then the peer has to wait.
  while (peer.stream.writableLength < 50_000_000) {
    peer.stream.write(message)
    sent += 1
    if (sent % 10 === 0) await new Promise(setImmediate)
  }
  assert.ok(process.memoryUsage().rss - before < 250_000_000)
  assert.equal(recorder.inbox.length, 1)
  socket.resume()
  assert.deepEqual(await recorder.next(), ['open'])
  for (let count = 0; count <= sent; count++) {
    const [kind, data] = await recorder.next()
    assert.deepEqual([kind, (data as string).length], ['message', 100_000])
  }
})

test('a socket may be paused before anything is read, and by open', async () => {
  const recorder = new Recorder()
  await using server = await served({
    ...recorder.handlers,
    open(socket) {
      socket.pause()
      recorder.handlers.open(socket)
    },
  })
  const peer = await RawPeer.open(server, '/', {}, text('early'))
  peer.send(text('late'))
  const socket = await recorder.opened.next()
  assert.equal(socket.isPaused, true)
  // Sending goes on meanwhile.
  socket.send('greeting')
  assert.equal(await peer.text(), 'greeting')
  assert.deepEqual(await recorder.next(), ['open'])
  assert.equal(recorder.inbox.length, 0)
  socket.resume()
  assert.deepEqual(await recorder.next(), ['message', 'early'])
  assert.deepEqual(await recorder.next(), ['message', 'late'])
})

test('pause and resume may be called twice, in any order, and when all is over', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  socket.resume()
  socket.pause()
  socket.pause()
  socket.resume()
  socket.resume()
  peer.send(text('heard'))
  assert.equal(await recorder.until('message'), 'heard')
  peer.send(close(1000))
  await peer.finish()
  await recorder.until('close')
  socket.pause()
  socket.resume()
})

testEach(
  'a peer that leaves while it is not read is noticed, at the latest when reading goes on',
  async (options) => {
    for (const how of ['reset', 'end'] as const) {
      const recorder = new Recorder()
      await using server = await served({ ...options, ...recorder.handlers })
      const peer = await RawPeer.open(server)
      const socket = await recorder.opened.next()
      socket.pause()
      peer.send(text('last words'))
      if (how === 'end') peer.stream.end()
      else {
        await new Promise<void>((sent) => void peer.stream.write('', () => sent()))
        peer.reset()
        await peer.gone
      }
      socket.resume()
      const closed = await recorder.until('close')
      assert.deepEqual([closed.code, closed.error?.code], [1006, 'ERR_CONNECTION_LOST'])
    }
  },
)

test('a paused socket that closes hears the peer’s answer when it is resumed', async () => {
  const recorder = new Recorder()
  await using server = await served(recorder.handlers)
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  socket.pause()
  socket.close(4000)
  await peer.closeFrame()
  peer.send(text('before'), close(4000))
  peer.stream.end()
  socket.resume()
  assert.equal(await recorder.until('message'), 'before')
  assert.equal((await recorder.until('close')).wasClean, true)
})

test('a paused socket that nobody resumes is cut when its closing handshake takes too long', async () => {
  const recorder = new Recorder()
  await using server = await served({ ...recorder.handlers, limits: { closeTimeoutMs: 1 } })
  const peer = await RawPeer.open(server)
  const socket = await recorder.opened.next()
  socket.pause()
  socket.close(4000)
  await peer.closeFrame()
  peer.send(close(4000))
  assert.equal((await recorder.until('close')).error?.code, 'ERR_CLOSE_TIMEOUT')
})
