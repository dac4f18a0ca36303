// Echo over TLS or HTTP/2: what echo-load does, for links that would be much work in C.
import http2 from 'node:http2'
import tls from 'node:tls'
import { machineCpu, processCpu } from '../measuring/processes.mjs'

/** @import { Duplex } from 'node:stream' */
/** @typedef {{ port: number, pid: number, over: 'tls' | 'http2', connections: number, size: number, seconds: number, warmUp: number }} Task */

/** @type {Task} */
const task = JSON.parse(process.argv[2] ?? '')
const streamsPerSession = 10

const payload = Buffer.alloc(task.size, 'abcdefghijklmnopqrstuvwxyz')
const key = Buffer.from([0x12, 0x9a, 0x56, 0xf8])
const masked = payload.map((byte, at) => byte ^ (key[at & 3] ?? 0))
// Small messages only: the length is in the second byte.
const frame = Buffer.concat([Buffer.from([0x82, 0x80 | task.size]), key, masked])
const echo = Buffer.concat([Buffer.from([0x82, task.size]), payload])

/** @returns {Promise<Duplex>} */
function overTls() {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      port: task.port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
    })
    socket.once('error', reject)
    socket.setNoDelay(true)
    socket.write(
      `GET / HTTP/1.1\r\nHost: localhost:${task.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    )
    socket.once('data', (head) => {
      if (head.toString('latin1').startsWith('HTTP/1.1 101')) resolve(socket)
      else reject(new Error(`the handshake was refused: ${head.toString('latin1', 0, 60)}`))
    })
  })
}

/** @returns {Promise<http2.ClientHttp2Session>} */
function openSession() {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`https://127.0.0.1:${task.port}`, { rejectUnauthorized: false })
    session.once('error', reject)
    session.once('remoteSettings', () => resolve(session))
  })
}

/** @returns {Promise<Duplex>} */
function overHttp2(/** @type {http2.ClientHttp2Session} */ session) {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'https',
      ':path': '/',
      ':authority': `localhost:${task.port}`,
      'sec-websocket-version': '13',
    })
    stream.once('error', reject)
    stream.once('response', ({ ':status': status }) => {
      if (status === 200) resolve(stream)
      else reject(new Error(`the handshake was refused with ${status}`))
    })
  })
}

/** @type {Duplex[]} */
const links = []
/** @type {http2.ClientHttp2Session | undefined} */
let session
while (links.length < task.connections) {
  if (task.over === 'tls') links.push(await overTls())
  else {
    if (session === undefined || links.length % streamsPerSession === 0) session = await openSession()
    links.push(await overHttp2(session))
  }
}

let messages = 0
for (const link of links) {
  let got = 0
  link.on('data', (/** @type {Buffer} */ chunk) => {
    if (got === 0 && chunk.length === echo.length && !chunk.equals(echo))
      throw new Error('the echo is not what was sent')
    got += chunk.length
    for (; got >= echo.length; got -= echo.length) {
      messages += 1
      link.write(frame)
    }
  })
  link.write(frame)
}

setTimeout(() => {
  const before = { messages, server: processCpu(task.pid), machine: machineCpu(), at: performance.now() }
  const own = process.cpuUsage()
  setTimeout(() => {
    const elapsed = (performance.now() - before.at) / 1000
    const { user, system } = process.cpuUsage(own)
    const generator = (user + system) / 1e6
    const server = processCpu(task.pid) - before.server
    const done = messages - before.messages
    const result = {
      messages: done,
      seconds: elapsed,
      cpuMicroseconds: (server / done) * 1e6,
      messagesPerSecond: done / elapsed,
      serverCpu: server / elapsed,
      generatorCpu: generator / elapsed,
      otherCpu: Math.max(0, machineCpu() - before.machine - server - generator) / elapsed,
    }
    console.log(JSON.stringify(result))
    process.exit(0)
  }, task.seconds * 1000)
}, task.warmUp * 1000)
