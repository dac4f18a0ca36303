import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket, WebSocketStream } from '../../src/index.ts'
import { ByteServer } from './byte-server.ts'
import { failureOf } from './story.ts'

const code = (wanted: string) => (error: unknown) => (error as { code?: unknown }).code === wanted

test('a URL is needed', () => {
  assert.throws(() => Reflect.construct(WebSocket, []), TypeError)
  assert.throws(() => Reflect.construct(WebSocketStream, []), TypeError)
})

test('both are constructors, not functions', () => {
  assert.throws(() => Reflect.apply(WebSocket, undefined, ['ws://localhost/']), TypeError)
  assert.throws(() => Reflect.apply(WebSocketStream, undefined, ['ws://localhost/']), TypeError)
})

test('an argument that cannot be a string throws what its conversion throws', () => {
  assert.throws(() => new WebSocket(Symbol('url') as unknown as string), TypeError)
  const hostile = {
    toString() {
      throw new RangeError('mine')
    },
  }
  assert.throws(() => new WebSocket(hostile as unknown as string), RangeError)
  assert.throws(() => new WebSocket('ws://localhost/', [Symbol('protocol') as unknown as string]), TypeError)
})

test('the URL is looked at before the subprotocols, and those before the options', () => {
  const name = (wanted: string) => (error: unknown) => (error as Error).message.includes(wanted)
  assert.throws(() => new WebSocket('nowhere', ['a', 'a'], { header: {} } as object), name('nowhere'))
  assert.throws(() => new WebSocket('ws://localhost/', ['a', 'a'], { header: {} } as object), name("'a'"))
})

test('one argument too many that is no object is ignored, as Web IDL has it', async () => {
  const socket = Reflect.construct(WebSocket, ['ws://localhost/', [], 'stray', 'another']) as WebSocket
  socket.close()
  await failureOf(socket)
})

test('options may stand in place of the subprotocols and hold them', async () => {
  await using server = await ByteServer.listen()
  const socket = new WebSocket(server.url, { protocols: ['a'], headers: { 'X-From': 'options' } })
  const { request } = await server.request()
  assert.equal(request.headers['sec-websocket-protocol'], 'a')
  assert.equal(request.headers['x-from'], 'options')
  socket.close()
  await failureOf(socket)
})

test('an unknown option is refused with the nearest known name', () => {
  for (const construct of [
    () => new WebSocket('ws://localhost/', [], { header: {} } as object),
    () => new WebSocket('ws://localhost/', { header: {} } as object),
    () => new WebSocketStream('ws://localhost/', { header: {} } as object),
  ]) {
    assert.throws(construct, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ERR_OPTION_UNKNOWN')
      assert.match(error.message, /'header'.*'headers'/)
      return true
    })
  }
})

test('subprotocols among the options of the third place are refused: they would be said twice', () => {
  assert.throws(
    () => new WebSocket('ws://localhost/', [], { protocols: ['a'] } as object),
    code('ERR_OPTION_UNKNOWN'),
  )
})

test('an option that is undefined counts as absent', async () => {
  const socket = new WebSocket('ws://localhost/', [], {
    headers: undefined,
    limits: undefined,
    tls: undefined,
  })
  socket.close()
  await failureOf(socket)
})

for (const [name, options] of Object.entries({
  'headers that are no object': { headers: 'Cookie: a=b' },
  'a header name that is no token': { headers: { 'X Y': 'z' } },
  'a header value with a line end': { headers: { 'X-Y': 'z\r\nInjected: yes' } },
  'a header value beyond Latin-1': { headers: { 'X-Y': '世界' } },
  'a header of the handshake itself': { headers: { 'Sec-WebSocket-Key': 'mine' } },
  'a connection header': { headers: [['connection', 'close']] },
  'a signal that is none': { signal: {} },
  'an agent that is none': { agent: {} },
  'dial that is no function': { dial: 'tcp' },
  'no time for the handshake': { handshakeTimeoutMs: 0 },
  'a time in words': { handshakeTimeoutMs: '5s' },
  'a negative limit': { limits: { maxMessageBytes: -1 } },
  'a fraction as limit': { limits: { maxFragments: 1.5 } },
  'an unknown limit': { limits: { maxPayload: 1 } },
  'too small a window': { compression: { clientMaxWindowBits: 7 } },
  'compression that is no object': { compression: 'deflate' },
  'a heartbeat that is a number': { heartbeat: 25_000 },
  'half a redirect': { followRedirects: 0.5 },
  'http2 as a word': { http2: 'yes' },
  'tls as a word': { tls: 'on' },
  'dial beside an agent': { agent: { addRequest() {} }, dial: () => {} },
  'http2 beside an agent': { agent: { addRequest() {} }, http2: true },
})) {
  test(`options: ${name} is refused`, () => {
    const refused = (error: Error & { code?: string; side?: string }): boolean =>
      (error.code === 'ERR_OPTION_INVALID' || error.code === 'ERR_OPTION_UNKNOWN') && error.side === 'local'
    assert.throws(() => new WebSocket('ws://localhost/', [], options as object), refused)
    assert.throws(() => new WebSocketStream('ws://localhost/', options as object), refused)
  })
}
