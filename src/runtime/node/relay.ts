import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** From the client to the server, or back. */
export type Way = 'up' | 'down'

/** Where a relay reaches. */
export interface RelayTarget {
  readonly hostname: string
  readonly port: number
}

/** A connection through a relay. It reaches nobody until it is opened. */
export interface RelayedConnection {
  /** Reaches for the server; from now on bytes pass both ways. */
  open(target: RelayTarget): void
  /** Lets the server hear what the client says first twice, over two connections; only the second is answered. */
  repeat(target: RelayTarget): void
  /** Answers in the server's place as soon as the client says something, and ends. */
  answer(text: string): void
  /** Answers an upgrade like that, once it is seen to be one; whatever else the client wants reaches the server. */
  screen(target: RelayTarget, text: string): void
  /** Holds what comes that way, also the news that its source is gone. */
  hold(way: Way): void
  /** Lets through what is held and all that follows. */
  release(way: Way): void
  /** Lets so many of the held bytes through. */
  pass(way: Way, bytes: number): void
  /** From now on nothing arrives that way, and nobody is told. */
  swallow(way: Way): void
  /** Ends it at both ends, behind what was said. */
  close(): void
  /** Resets it at both ends. */
  cut(): void
}

export interface RelayEvents {
  accepted(connection: RelayedConnection): void
  /** The server has said something for the first time. */
  answered(connection: RelayedConnection): void
  closed(connection: RelayedConnection): void
}

/** Listens on a port of this machine. */
export interface Relay {
  readonly port: number
  /** Cuts everything; resolves when the port is free. */
  close(): Promise<void>
}

/** A TCP relay whose connections do what they are told. */
export async function relay(events: RelayEvents): Promise<Relay> {
  const connections = new Set<Connection>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const connection = new Connection(client, {
      answered: () => events.answered(connection),
      closed() {
        connections.delete(connection)
        events.closed(connection)
      },
    })
    connections.add(connection)
    events.accepted(connection)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const connection of connections) connection.cut()
      await closed
    },
  }
}

/** Bytes held of one way before its source is read no further. */
const maxHeldBytes = 1_048_576

/** What comes from one end and goes to the other. */
class OneWay {
  readonly #source: Socket
  #target: Socket | undefined
  readonly #chunks: Uint8Array[] = []
  #bytes = 0
  #mode: 'pass' | 'hold' | 'swallow' = 'pass'
  /** What became of the source. */
  #ending: 'none' | 'ended' | 'gone' = 'none'

  constructor(source: Socket) {
    this.#source = source
    source.on('data', (chunk) => this.#take(chunk))
    source.on('end', () => this.#sourceIs('ended'))
    source.on('close', () => this.#sourceIs('gone'))
  }

  reach(target: Socket): void {
    this.#target = target
    target.on('drain', () => this.#continue())
    this.#continue()
  }

  set(mode: 'pass' | 'hold' | 'swallow'): void {
    if (this.#mode === 'swallow') return
    this.#mode = mode
    if (mode === 'swallow') this.#chunks.length = 0
    this.#continue()
  }

  pass(limit: number): void {
    const target = this.#target
    if (target === undefined || this.#mode === 'swallow') return
    for (let rest = limit; rest > 0 && this.#chunks.length > 0; ) {
      const chunk = this.#chunks.shift() as Uint8Array
      const part = chunk.subarray(0, rest)
      if (part.length < chunk.length) this.#chunks.unshift(chunk.subarray(part.length))
      rest -= part.length
      this.#bytes -= part.length
      if (!target.destroyed) target.write(part)
    }
    if (this.#chunks.length > 0) return
    if (this.#ending === 'gone') target.destroySoon()
    else if (this.#ending === 'ended') target.end()
  }

  #take(chunk: Uint8Array): void {
    if (this.#mode === 'swallow') return
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    this.#continue()
  }

  #sourceIs(ending: 'ended' | 'gone'): void {
    this.#ending = ending
    this.#continue()
  }

  #continue(): void {
    if (this.#mode === 'pass') this.pass(Number.POSITIVE_INFINITY)
    const isFull = this.#bytes > maxHeldBytes || this.#target?.writableNeedDrain === true
    if (isFull && this.#mode !== 'swallow') this.#source.pause()
    else this.#source.resume()
  }
}

class Connection implements RelayedConnection {
  readonly #sockets = new Set<Socket>()
  readonly #told: { answered(): void; closed(): void }
  readonly #client: Socket
  readonly #up: OneWay
  #down: OneWay | undefined

  constructor(client: Socket, told: { answered(): void; closed(): void }) {
    this.#client = client
    this.#told = told
    this.#follow(client)
    this.#up = new OneWay(client)
  }

  open(target: RelayTarget): void {
    const server = this.#dial(target)
    this.#down = new OneWay(server)
    this.#down.reach(this.#client)
    this.#up.reach(server)
    server.once('data', () => this.#told.answered())
  }

  repeat(target: RelayTarget): void {
    this.#client.once('data', (first) => {
      const other = this.#dial(target)
      other.resume()
      other.write(first)
      this.#client.once('close', () => other.destroy())
    })
    this.open(target)
  }

  answer(text: string): void {
    this.#client.once('data', () => this.#answer(text))
  }

  screen(target: RelayTarget, text: string): void {
    this.#client.once('data', (first) => {
      if (/^upgrade:/im.test(first.toString('latin1'))) this.#answer(text)
      else this.open(target)
    })
  }

  hold(way: Way): void {
    this.#way(way)?.set('hold')
  }

  release(way: Way): void {
    this.#way(way)?.set('pass')
  }

  pass(way: Way, bytes: number): void {
    this.#way(way)?.pass(bytes)
  }

  swallow(way: Way): void {
    this.#way(way)?.set('swallow')
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroySoon()
  }

  cut(): void {
    for (const socket of this.#sockets) {
      // A socket that is being shut down cannot be reset, and Node would never close its handle.
      if (socket.writableEnded) socket.destroy()
      else socket.resetAndDestroy()
    }
  }

  #answer(text: string): void {
    this.#client.end(text, () => this.#client.destroySoon())
  }

  #way(way: Way): OneWay | undefined {
    return way === 'up' ? this.#up : this.#down
  }

  #dial({ hostname, port }: RelayTarget): Socket {
    const server = connect({ host: hostname, port, allowHalfOpen: true, noDelay: true })
    this.#follow(server)
    return server
  }

  #follow(socket: Socket): void {
    this.#sockets.add(socket)
    // What went wrong is told by `close`.
    socket.on('error', () => {})
    socket.once('close', () => {
      this.#sockets.delete(socket)
      if (this.#sockets.size === 0) this.#told.closed()
    })
  }
}
