import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { HandshakeError } from '../../errors.ts'
import type { Listener, ListenerEvents, ListenOptions } from '../contract.ts'
import { answerRequests } from './fetch-bridge.ts'
import { type FrontSettings, HttpFront } from './http-front.ts'
import { Pages } from './pages.ts'
import { RawFront } from './raw-front.ts'
import { type RawHandle, rawHandles } from './raw-handles.ts'

/** Listens for WebSockets; resolves once connections are accepted, rejects where the address cannot be had. */
export async function listen(options: ListenOptions, events: ListenerEvents): Promise<Listener> {
  const answer = answerRequests(options.fetch, events.failed)
  const pages = new Pages(options, events, answer)
  // Loaded only where it is wanted: it takes longer to load than everything else here.
  const http2 = options.http2
    ? new (await import('./http2-server.ts')).Http2Sessions(options, events, answer)
    : undefined
  const settings: FrontSettings = { ...options, events, http1: pages.server, http2 }

  const sockets = new Set<Socket>()
  const fronts = new Set<RawFront>()
  let allLeft: () => void = () => {}
  const left = (front: RawFront): void => {
    fronts.delete(front)
    if (fronts.size === 0) allLeft()
  }
  /** Connections over TCP on which TLS is not agreed yet, by the peer's address and port. */
  const handshaking = new Map<string, Socket>()
  const accepted = (socket: Socket): void => {
    socket.allowHalfOpen = true
    handshaking.delete(peerOf(socket))
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    new HttpFront(socket, settings)
  }
  const server =
    options.tls === undefined
      ? createServer({ noDelay: true }, accepted)
      : createTlsServer(
          {
            ALPNProtocols: options.http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
            handshakeTimeout: options.handshakeTimeoutMs,
            ...(options.tls as TlsOptions),
            // Of net's options, which TLS passes on though its types do not say so. Not half open before the handshake
            // is over: who gives it up, because of our certificate perhaps, would stay for ever.
            ...{ noDelay: true },
          },
          accepted,
        )
  if (options.tls !== undefined) {
    server.on('connection', (socket) => {
      const peer = peerOf(socket)
      handshaking.set(peer, socket)
      socket.once('close', () => handshaking.delete(peer))
    })
  }
  server.on('tlsClientError', (error: Error) => {
    events.failed(
      new HandshakeError('ERR_NETWORK', { message: `TLS failed: ${error.message}`, cause: error }),
    )
  })

  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const { path, port, hostname } = options
    server.listen(
      path === undefined ? { port, ...(hostname !== undefined && { host: hostname }) } : { path },
      () => {
        server.off('error', reject)
        server.on('error', events.failed)
        if (options.rawHandles && options.tls === undefined) acceptRaw(server, settings, fronts, left)
        let deadline: NodeJS.Timeout | undefined
        const closed = new Promise<void>((done) => {
          server.once('close', done)
        })
        resolve({
          port: portOf(server),
          stop() {
            server.close()
            // Whoever waits for the end must not find that nothing else kept the process alive.
            deadline ??= setTimeout(() => {}, 2_147_483_647)
          },
          close() {
            // By now every WebSocket is closed: what is left are requests in progress, idle connections and strangers.
            pages.close()
            http2?.close()
            const busy = (socket: Socket): boolean => pages.isBusy(socket) || http2?.has(socket) === true
            for (const socket of sockets) if (!busy(socket)) socket.destroySoon()
            for (const front of fronts) front.close(busy)
            for (const socket of handshaking.values()) socket.destroy()
            clearTimeout(deadline)
            deadline = setTimeout(() => {
              for (const socket of sockets) socket.destroy()
              for (const front of fronts) front.cut()
            }, options.closeTimeoutMs)
            // Node knows only of the connections that it made sockets of by itself.
            const rawLeft = new Promise<void>((done) => {
              allLeft = done
              if (fronts.size === 0) done()
            })
            return Promise.all([closed, rawLeft]).then(() => clearTimeout(deadline))
          },
        })
      },
    )
  })
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}

/** Takes accepted handles before Node makes sockets of them, where this Node has such handles. */
function acceptRaw(
  server: Server,
  settings: FrontSettings,
  fronts: Set<RawFront>,
  left: (front: RawFront) => void,
): void {
  const listening = (server as { _handle?: { onconnection?: unknown } })._handle
  if (rawHandles === undefined || typeof listening?.onconnection !== 'function') return
  listening.onconnection = (status: number, handle: RawHandle | undefined): void => {
    if (status !== 0 || handle === undefined) return
    handle.setNoDelay?.(true)
    fronts.add(new RawFront(handle, settings, left))
  }
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? (address as AddressInfo).port : 0
}
