import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type ServeOptions, type Server, serve } from 'polyplex/server'
import { load } from '../examples/example.ts'
import { Running, run } from './program.ts'

async function start<Data = undefined>(
  t: TestContext,
  options: ServeOptions<Data> = {},
): Promise<Server<Data>> {
  const server = await serve<Data>({ port: 0, ...options })
  t.after(() => server.close())
  return server
}

const echo: ServeOptions<undefined> = { message: (socket, data) => socket.send(data) }

test('connect: --once sends the input, prints the first answer, closes with 1000 and ends with 0', async (t) => {
  let code = 0
  const server = await start(t, { ...echo, close: (_, closed) => (code = closed.code) })
  assert.deepEqual(await run(['connect', server.url, '--once'], 'hi\n'), {
    code: 0,
    stdout: 'hi\n',
    stderr: '',
  })
  assert.deepEqual(await run(['connect', server.url, '--once'], 'one\ntwo\n'), {
    code: 0,
    stdout: 'one\n',
    stderr: '',
  })
  assert.equal(code, 1000)
})

test('connect: --once waits for the answer though the input has ended', async (t) => {
  const server = await start(t, { open: (socket) => setTimeout(() => socket.send('late'), 50) })
  assert.equal((await run(['connect', server.url, '--once'])).stdout, 'late\n')
})

test('connect: in a pipe every line is a message and every message a line', async (t) => {
  const server = await start(t, echo)
  const { code, stdout } = await run(['connect', server.url], 'grüße\n\nwith return\r\nno end')
  assert.deepEqual({ code, stdout }, { code: 0, stdout: 'grüße\n\nwith return\nno end\n' })
})

test('connect: a long input comes back whole, and is not read ahead of the server', async (t) => {
  const server = await start(t, {
    backpressure: { highWaterMarkBytes: Number.POSITIVE_INFINITY },
    limits: { maxMessageBytes: 2_000_000 },
    message(socket, data) {
      if (socket.send(data) === 'queued') socket.pause()
    },
    drain: (socket) => socket.resume(),
  })
  const input = `${Array.from({ length: 100_000 }, (_, index) => `line ${index} ${'x'.repeat(100)}`).join('\n')}\n`
  const { code, stdout } = await run(['connect', server.url], input)
  assert.equal(code, 0)
  assert.ok(stdout === input)
})

test('connect: --binary sends lines as bytes, --hex as the bytes of their digits; bytes are printed as hex', async (t) => {
  const kinds: string[] = []
  const server = await start(t, {
    message(socket, data) {
      kinds.push(typeof data)
      socket.send(data)
    },
  })
  assert.equal((await run(['connect', server.url, '--binary'], 'hi\nß\n')).stdout, '6869\nc39f\n')
  assert.equal((await run(['connect', server.url, '--hex'], '00 FF\n\nab\n')).stdout, '00ff\n\nab\n')
  assert.deepEqual(new Set(kinds), new Set(['object']))
})

test('connect: with --hex a line of anything else is refused, exit code 1', async (t) => {
  const server = await start(t, echo)
  const { code, stderr } = await run(['connect', server.url, '--hex'], 'xyz\n')
  assert.equal(code, 1)
  assert.match(stderr, /pairs of hex digits/)
})

test('connect: --json prints every event as one line', async (t) => {
  const server = await start(t, { ...echo, protocols: ['b'] })
  const { stdout } = await run(['connect', server.url, '--json', '-p', 'a', '-p', 'b'], 'hi\n')
  assert.deepEqual(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      { type: 'open', url: server.url, protocol: 'b', extensions: '' },
      { type: 'text', data: 'hi' },
      { type: 'close', code: 1000, reason: '', wasClean: true },
    ],
  )
  const binary = (await run(['connect', server.url, '--json', '-p', 'b', '--hex'], '00ff\n')).stdout.split(
    '\n',
  )[1]
  assert.deepEqual(JSON.parse(binary ?? ''), { type: 'binary', bytes: 2, hex: '00ff' })
})

test('connect: subprotocols and header fields are sent as given', async (t) => {
  const server = await start<{ headers: Headers; protocols: readonly string[] }>(t, {
    admit: ({ headers, protocols }) => ({ data: { headers, protocols } }),
    open: ({ data, ...socket }) => {
      void socket
      seen.push(data)
    },
  })
  const seen: { headers: Headers; protocols: readonly string[] }[] = []
  const args = ['-p', 'one', '--protocol', 'two', '-H', 'Authorization: Bearer a:b', '--header=X-Empty:']
  assert.equal((await run(['connect', server.url, ...args])).code, 0)
  assert.deepEqual(seen[0]?.protocols, ['one', 'two'])
  assert.equal(seen[0]?.headers.get('authorization'), 'Bearer a:b')
  assert.equal(seen[0]?.headers.get('x-empty'), '')
})

test('connect: --ping prints round-trip times; with --once a single one', async (t) => {
  const server = await start(t)
  const single = await run(['connect', server.url, '--ping', '--once'])
  assert.equal(single.code, 0)
  assert.match(single.stdout, /^pong \d+\.\d\d ms\n$/)
  const running = new Running(['connect', server.url, '--ping', '--json'])
  assert.equal(JSON.parse(await running.line()).type, 'open')
  for (let count = 0; count < 2; count++) {
    const { type, ms } = JSON.parse(await running.line())
    assert.equal(type, 'pong')
    assert.ok(ms >= 0)
  }
  await running.stop()
})

test('connect: --listen stays when the input has ended, until the server closes', async (t) => {
  const server = await start(t, { open: (socket) => socket.subscribe('news') })
  const running = new Running(['connect', server.url, '--listen'])
  running.child.stdin?.end('hello\n')
  const told = setInterval(() => server.publish('news', 'news'), 10)
  t.after(() => clearInterval(told))
  assert.equal(await running.line(), 'news')
  assert.equal(await running.line(), 'news')
  await server.close()
  assert.deepEqual(await running.exited, [0, null])
})

test('connect: without a scheme ws: is meant, and without a host this machine', async (t) => {
  const server = await start(t, echo)
  for (const url of [`localhost:${server.port}/`, `:${server.port}`]) {
    assert.equal((await run(['connect', url, '--once'], 'hi\n')).stdout, 'hi\n')
  }
})

for (const [code, reason] of [
  [1011, 'Internal error'],
  [4321, 'grüße'],
  [1013, ''],
] as const) {
  test(`connect: closed by the server with ${code}, exit code 3, and standard error says so`, async (t) => {
    const server = await start(t, { open: (socket) => socket.close(code, reason) })
    const result = await run(['connect', server.url, '--listen'])
    const because = reason === '' ? '' : `: ${reason}`
    assert.deepEqual(result, {
      code: 3,
      stdout: '',
      stderr: `polyplex connect: closed with ${code}${because}\n`,
    })
  })
}

test('connect: closed by the server with 1000, 1001 or no code, exit code 0', async (t) => {
  for (const code of [1000, 1001, undefined]) {
    const server = await start(t, { open: (socket) => socket.close(code) })
    assert.equal((await run(['connect', server.url, '--listen'])).code, 0)
  }
})

test('connect: a connection that is cut gives exit code 3 and 1006', async (t) => {
  const server = await start(t, { open: (socket) => void setImmediate(() => socket.terminate()) })
  const { code, stderr } = await run(['connect', server.url, '--listen'])
  assert.equal(code, 3)
  assert.match(stderr, /^polyplex connect: closed with 1006: .+\n$/)
})

test('connect: --once without an answer gives exit code 3', async (t) => {
  const server = await start(t, { open: (socket) => socket.close(1000) })
  const { code, stderr } = await run(['connect', server.url, '--once'])
  assert.equal(code, 3)
  assert.match(stderr, /before a message came/)
})

test('connect: a refusal gives exit code 2, with status and body on standard error', async (t) => {
  const server = await start(t, { admit: () => new Response('no \x1b[31mticket\nmore', { status: 401 }) })
  const { code, stdout, stderr } = await run(['connect', server.url])
  assert.deepEqual({ code, stdout }, { code: 2, stdout: '' })
  assert.equal(
    stderr,
    `polyplex connect: could not connect to ${server.url}: the server answered 401 Unauthorized: no \\x1b[31mticket\n`,
  )
  const event = JSON.parse((await run(['connect', server.url, '--json'])).stdout)
  assert.deepEqual([event.type, event.code, event.status], ['error', 'ERR_STATUS', 401])
})

test('connect: where nobody listens the exit code is 2, and standard error says so', async () => {
  const gone = createServer().listen(0)
  await once(gone, 'listening')
  const { port } = gone.address() as AddressInfo
  gone.close()
  const { code, stderr } = await run(['connect', `ws://localhost:${port}/`])
  assert.equal(code, 2)
  assert.equal(
    stderr,
    `polyplex connect: could not connect to ws://localhost:${port}/: nobody listens there (ECONNREFUSED)\n`,
  )
})

test('connect: a server that is no WebSocket server gives exit code 2', async (t) => {
  const server = await start(t, { fetch: () => new Response('hello'), paths: { '/ws': echo } })
  assert.equal((await run(['connect', server.url])).code, 2)
  const noise = createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-noise\r\n')).listen(0)
  t.after(() => noise.close())
  await once(noise, 'listening')
  assert.equal((await run(['connect', `ws://localhost:${(noise.address() as AddressInfo).port}`])).code, 2)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`connect: ${signal} closes with 1000, exit code 0`, async (t) => {
    let closed: (code: number) => void = () => {}
    const code = new Promise<number>((resolve) => {
      closed = resolve
    })
    const server = await start(t, { ...echo, close: (_, facts) => closed(facts.code) })
    const running = new Running(['connect', server.url])
    running.enter('hi')
    assert.equal(await running.line(), 'hi')
    assert.deepEqual(await running.stop(signal), [0, null])
    assert.equal(await code, 1000)
  })
}

test('connect: when nobody reads its output any more it closes, without a crash', async (t) => {
  const server = await start(t, { open: (socket) => socket.subscribe('news') })
  const running = new Running(['connect', server.url, '--listen'])
  const told = setInterval(() => server.publish('news', 'news'), 10)
  t.after(() => clearInterval(told))
  assert.equal(await running.line(), 'news')
  running.child.stdout?.destroy()
  assert.deepEqual(await running.exited, [0, null])
})

test('connect: a certificate is trusted with --tls-ca or --insecure only; --http2 speaks HTTP/2', async (t) => {
  const { selfSigned } = (await load(
    'http2',
    'certificate.mjs',
  )) as typeof import('../../examples/http2/certificate.mjs')
  const tls = selfSigned()
  const folder = mkdtempSync(join(tmpdir(), 'polyplex-connect-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'ca.pem'), tls.cert)
  const server = await start(t, { tls, open: (socket) => void socket.send(socket.request.httpVersion) })
  const untrusted = await run(['connect', server.url, '--once'])
  assert.equal(untrusted.code, 2)
  assert.match(untrusted.stderr, /--tls-ca/)
  const ca = ['--tls-ca', join(folder, 'ca.pem')]
  assert.equal((await run(['connect', server.url, '--once', ...ca])).stdout, '1.1\n')
  assert.equal((await run(['connect', server.url, '--once', '--insecure'])).stdout, '1.1\n')
  assert.equal((await run(['connect', server.url, '--once', '--http2', ...ca])).stdout, '2\n')
})
