// @ts-check
// TCP for the browser: each WebSocket gets a TCP connection of its own to one fixed service; bytes pass both ways, and
// whichever side is slow slows the other one down. Never let the client choose where to: that would be a hole in the
// network the server stands in.
//
//   node examples/tcp-bridge/server.mjs              wraps a little service of its own, which turns lines around
//   node examples/tcp-bridge/server.mjs mail 143     wraps port 143 of the host `mail`
//   npx polyplex connect ws://localhost:8080 --binary
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { serve } from 'polyplex/server'
import { runAsProgram } from '../program.mjs'

/** @param {{ port?: number, service: { host: string, port: number } }} options */
export function start({ port = 0, service }) {
  /** @type {import('polyplex/server').ServeOptions<import('node:net').Socket>} */
  const options = {
    port,
    open(socket) {
      const tcp = connect(service)
      socket.data = tcp
      tcp.on('data', (bytes) => {
        if (socket.send(bytes) === 'queued') tcp.pause()
      })
      tcp.on('drain', () => socket.resume())
      tcp.on('end', () => socket.close(1000))
      tcp.on('error', () => socket.close(1014, 'The service is gone'))
    },
    message(socket, data) {
      if (!socket.data.write(data)) socket.pause()
    },
    drain: (socket) => socket.data.resume(),
    close: (socket) => socket.data.destroySoon(),
  }
  return serve(options)
}

/** The service for those who name none: answers every line with the line turned around. */
export async function startLineTurner() {
  const service = createServer((tcp) => {
    tcp.on('error', () => {})
    createInterface(tcp).on('line', (line) => tcp.write(`${[...line].reverse().join('')}\n`))
  })
  service.listen(0, '127.0.0.1').unref()
  await once(service, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (service.address())
  return { host: '127.0.0.1', port, close: () => void service.close() }
}

await runAsProgram(import.meta.url, async ({ port }) => {
  const [, , host, servicePort] = process.argv
  const service =
    servicePort === undefined ? await startLineTurner() : { host: host ?? '', port: Number(servicePort) }
  return start({ port, service })
})
