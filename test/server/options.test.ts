import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { attach, type ServeOptions, serve } from '../../src/server/index.ts'

const refused = async (options: object, code: string, ...words: string[]): Promise<void> => {
  await assert.rejects(
    serve(options as ServeOptions<never>),
    (error: Error & { code?: string; side?: string }) => {
      assert.deepEqual([error.name, error.code, error.side], ['RealtimeError', code, 'local'])
      for (const word of words) assert.ok(error.message.includes(word), `${error.message} lacks ${word}`)
      return true
    },
  )
}

for (const [options, wrong, nearest] of [
  [{ prot: 80 }, 'prot', 'port'],
  [{ host: 'x' }, 'host', 'hostname'],
  [{ hostName: 'x' }, 'hostName', 'hostname'],
  [{ onmessage() {} }, 'onmessage', 'message'],
  [{ compress: true }, 'compress', 'compression'],
  [{ origin: 'any' }, 'origin', 'origins'],
  [{ limits: { maxMessageByte: 1 } }, 'maxMessageByte', 'maxMessageBytes'],
  [{ limits: { closeTimeout: 1 } }, 'closeTimeout', 'closeTimeoutMs'],
  [{ heartbeat: { every: 1 } }, 'every', 'everyMs'],
  [{ backpressure: { highWaterMark: 1 } }, 'highWaterMark', 'highWaterMarkBytes'],
  [{ compression: { threshold: 1 } }, 'threshold', 'thresholdBytes'],
  [{ paths: { '/a': { mesage() {} } } }, 'mesage', 'message'],
  [{ paths: { '/a': { limits: { maxFragment: 1 } } } }, 'maxFragment', 'maxFragments'],
] as const) {
  test(`an unknown option is refused with the nearest known name: ${wrong} → ${nearest}`, async () => {
    await refused(options, 'ERR_OPTION_UNKNOWN', `'${wrong}'`, `'${nearest}'`)
  })
}

test('an option like no other is refused without a proposal', async () => {
  await refused({ zzzzzzzzzzzz: 1 }, 'ERR_OPTION_UNKNOWN', "'zzzzzzzzzzzz'")
})

test('names that every object has are no options', async () => {
  for (const name of ['toString', 'constructor', 'hasOwnProperty'])
    await refused({ [name]: 1 }, 'ERR_OPTION_UNKNOWN', `'${name}'`)
})

const wrongValues: [object, string][] = [
  ...[-1, 65_536, 1.5, '80', null, Number.NaN, Number.POSITIVE_INFINITY].map((port): [object, string] => [
    { port },
    'port',
  ]),
  [{ hostname: 1 }, 'hostname'],
  [{ path: 1 }, 'path'],
  [{ tls: true }, 'tls'],
  [{ tls: [] }, 'tls'],
  [{ http2: 'yes' }, 'http2'],
  [{ rawHandles: 1 }, 'rawHandles'],
  [{ fetch: {} }, 'fetch'],
  ...['admit', 'open', 'message', 'stream', 'drain', 'ping', 'pong', 'close', 'error'].map(
    (name): [object, string] => [{ [name]: 'function' }, name],
  ),
  [{ limits: 1 }, 'limits'],
  [{ limits: [] }, 'limits'],
  [{ limits: { maxMessageBytes: -1 } }, 'maxMessageBytes'],
  [{ limits: { maxMessageBytes: '1' } }, 'maxMessageBytes'],
  [{ limits: { maxFragments: 0 } }, 'maxFragments'],
  [{ limits: { maxInflationRatio: 0.5 } }, 'maxInflationRatio'],
  [{ limits: { maxHeaderBytes: 255 } }, 'maxHeaderBytes'],
  [{ limits: { maxHeaderBytes: 2_000_000 } }, 'maxHeaderBytes'],
  [{ limits: { handshakeTimeoutMs: 0 } }, 'handshakeTimeoutMs'],
  [{ limits: { handshakeTimeoutMs: Number.POSITIVE_INFINITY } }, 'handshakeTimeoutMs'],
  [{ limits: { closeTimeoutMs: 0 } }, 'closeTimeoutMs'],
  [{ heartbeat: true }, 'heartbeat'],
  [{ heartbeat: 25_000 }, 'heartbeat'],
  [{ heartbeat: { everyMs: 0 } }, 'everyMs'],
  [{ heartbeat: { graceMs: Number.NaN } }, 'graceMs'],
  [{ backpressure: 'close' }, 'backpressure'],
  [{ backpressure: { policy: 'block' } }, 'policy'],
  [{ backpressure: { highWaterMarkBytes: -1 } }, 'highWaterMarkBytes'],
  [{ compression: 'yes' }, 'compression'],
  [{ compression: { level: 0 } }, 'level'],
  [{ compression: { level: 10 } }, 'level'],
  [{ compression: { serverMaxWindowBits: 7 } }, 'serverMaxWindowBits'],
  [{ compression: { clientMaxWindowBits: 16 } }, 'clientMaxWindowBits'],
  [{ compression: { serverContextTakeover: 1 } }, 'serverContextTakeover'],
  [{ origins: 'some' }, 'origins'],
  [{ origins: [1] }, 'origins'],
  [{ protocols: 'chat' }, 'protocols'],
  [{ paths: [] }, 'paths'],
  [{ paths: { '/a': 5 } }, '/a'],
  [{ paths: { '/a': null } }, '/a'],
  [{ paths: { '/a': () => {} } }, '/a'],
  [{ paths: { a: {} } }, "'a'"],
  [{ paths: { '*': {} } }, "'*'"],
  [{ paths: { '/a*': {} } }, '/a*'],
  [{ paths: { '/*/a': {} } }, '/*/a'],
  [{ paths: { '/a': { limits: { maxFragments: 0 } } } }, 'maxFragments'],
  [{ paths: { '/a': { message() {}, stream() {} } } }, 'stream'],
  [{ message() {}, stream() {} }, 'stream'],
  [{ path: '/tmp/x', port: 1 }, 'path'],
  [{ path: '/tmp/x', hostname: 'localhost' }, 'path'],
]

for (const [options, name] of wrongValues) {
  const shown = JSON.stringify(options, (_, value) =>
    typeof value === 'function' ? '()' : Number.isNaN(value) ? 'NaN' : value,
  )
  test(`a wrong value is refused by name: ${shown}`, () => refused(options, 'ERR_OPTION_INVALID', name))
}

test('undefined counts as absent', async () => {
  const names = [
    'admit',
    'tls',
    'http2',
    'path',
    'heartbeat',
    'backpressure',
    'compression',
    'origins',
    'fetch',
  ] as const
  const absent = Object.fromEntries(names.map((name) => [name, undefined]))
  await using server = await serve({
    ...absent,
    port: 0,
    limits: { maxMessageBytes: undefined },
    heartbeat: { everyMs: undefined },
  } as object)
  assert.match(server.url, /^ws:\/\/localhost:\d+\/$/)
})

test('attach refuses what it does not know, also what only serve has', () => {
  for (const [options, code] of [
    [{ mesage() {} }, 'ERR_OPTION_UNKNOWN'],
    [{ port: 80 }, 'ERR_OPTION_UNKNOWN'],
    [{ tls: {} }, 'ERR_OPTION_UNKNOWN'],
    [{ limits: { maxFragments: 0 } }, 'ERR_OPTION_INVALID'],
    [{ paths: { a: {} } }, 'ERR_OPTION_INVALID'],
  ] as const) {
    const server = createServer()
    assert.throws(() => attach(server, options as object), { code })
    // What was refused leaves nothing behind.
    assert.equal(server.listenerCount('upgrade'), 0)
  }
})

test('wrong options are refused before anything listens', async () => {
  await using server = await serve({ port: 0, hostname: '127.0.0.1' })
  // The port is taken: whoever tried it would say so.
  await refused(
    { port: server.port, hostname: '127.0.0.1', limits: { maxFragments: 0 } },
    'ERR_OPTION_INVALID',
  )
})
