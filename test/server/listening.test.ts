import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { serve } from '../../src/server/index.ts'
import { certificate } from '../wire/certificate.ts'
import { frame, TEXT } from '../wire/frames.ts'
import { handshake, RawPeer } from '../wire/raw-peer.ts'

const echo = (socket: { send(data: string | Uint8Array): unknown }, data: string | Uint8Array): void =>
  void socket.send(data)

async function echoes(target: { url: string }): Promise<void> {
  const peer = await RawPeer.open(target)
  peer.send(frame(TEXT, 'hello'))
  assert.equal(await peer.text(), 'hello')
  peer.send(frame(8))
  await peer.finish()
}

const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
)

for (const { hostname, host, needs = true } of [
  { hostname: undefined, host: 'localhost' },
  { hostname: '0.0.0.0', host: 'localhost' },
  { hostname: 'localhost', host: 'localhost' },
  { hostname: '127.0.0.1', host: '127.0.0.1' },
  { hostname: '::', host: 'localhost', needs: hasIpv6 },
  { hostname: '::1', host: '[::1]', needs: hasIpv6 },
]) {
  for (const tls of [undefined, certificate]) {
    const options = { ...(hostname !== undefined && { hostname }), ...(tls && { tls }) }
    const scheme = tls === undefined ? 'ws' : 'wss'
    const title = `the url of ${hostname ?? 'no hostname'}${tls ? ' with TLS' : ''} is ${scheme}://${host}:…/, and leads there`
    test(title, { skip: needs ? false : 'this machine has no IPv6' }, async () => {
      await using server = await serve({ ...options, message: echo })
      assert.equal(server.url, `${scheme}://${host}:${server.port}/`)
      assert.ok(server.port > 0)
      await echoes(server)
    })
  }
}

for (const rawHandles of [true, false]) {
  test(`a server may listen on a Unix socket (${rawHandles ? 'raw handles' : 'sockets'})`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'polyplex-'))
    const path = join(folder, 'socket')
    try {
      const addresses: string[] = []
      const server = await serve({
        path,
        rawHandles,
        open: ({ request }) => void addresses.push(request.remoteAddress),
        message: echo,
      })
      assert.deepEqual([server.url, server.port], [`ws+unix:${path}:/`, 0])
      await echoes(server)
      assert.deepEqual(addresses, [''])
      await server.close()
      assert.equal(existsSync(path), false)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

test('a server may listen on a Unix socket with TLS', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'polyplex-'))
  try {
    await using server = await serve({ path: join(folder, 'socket'), tls: certificate, message: echo })
    assert.equal(server.url, `wss+unix:${join(folder, 'socket')}:/`)
    await echoes(server)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('a taken port is refused with the error of the system', async () => {
  await using first = await serve({ port: 0, hostname: '127.0.0.1' })
  await assert.rejects(serve({ port: first.port, hostname: '127.0.0.1' }), { code: 'EADDRINUSE' })
  await assert.rejects(serve({ port: first.port, hostname: '127.0.0.1', tls: certificate }), {
    code: 'EADDRINUSE',
  })
  // A server that could not be is not in the way of another.
  await first.close()
  await using second = await serve({ port: first.port, hostname: '127.0.0.1' })
  assert.equal(second.port, first.port)
})

test('an address of another machine, a taken path and a wrong certificate are refused', async () => {
  await assert.rejects(serve({ hostname: '192.0.2.1' }), { code: 'EADDRNOTAVAIL' })
  await assert.rejects(serve({ hostname: 'no.such.host.invalid' }), { code: /ENOTFOUND|EAI_AGAIN/ })
  const folder = mkdtempSync(join(tmpdir(), 'polyplex-'))
  try {
    writeFileSync(join(folder, 'file'), '')
    await assert.rejects(serve({ path: join(folder, 'file') }), { code: 'EADDRINUSE' })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  await assert.rejects(serve({ tls: { key: 'nonsense', cert: 'nonsense' } }))
})

test('Node speaks TLS as the options of tls say: a client certificate may be asked for', async () => {
  await using server = await serve({
    hostname: '127.0.0.1',
    tls: { ...certificate, ca: certificate.cert, requestCert: true, rejectUnauthorized: true },
    message: echo,
  })
  const stranger = await RawPeer.connect(server)
  await Promise.race([stranger.ended, stranger.gone])
  const known = await RawPeer.connect(server, { key: certificate.key, cert: certificate.cert })
  known.send(handshake())
  assert.equal((await known.head()).status, 101)
  RawPeer.destroyAll()
})

test('connections are not delayed by Nagle’s algorithm, and half-open ones are answered', async () => {
  for (const rawHandles of [true, false]) {
    await using server = await serve({ hostname: '127.0.0.1', rawHandles, message: echo })
    const socket = connect({ host: '127.0.0.1', port: server.port })
    const peer = new RawPeer(socket)
    socket.end('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    // The client has ended its side, and still gets the whole answer.
    assert.equal((await peer.answer()).status, 426)
    await peer.gone
  }
})
