// What most flows need of servers and sockets.
import { once } from 'node:events'
import { createServer } from 'node:http'

/** Listens on a port of the system's choice on this machine only. @returns the address without its scheme */
export async function listen(server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `127.0.0.1:${server.address().port}`
}

/** An HTTP server that listens, and its address. */
export async function httpServer(handler) {
  const server = createServer(handler)
  return { server, address: await listen(server) }
}

/** Closes anything with Node's `close(callback)`, and waits. */
export function closed(server) {
  return new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())))
}

/** Keeps what an emitter tells until it is asked for, so that two events of one turn are two answers. */
export class Inbox {
  #waiting = []
  #kept = []

  /** @param value makes one value of an event's arguments */
  constructor(emitter, event = 'message', value = String) {
    emitter.on(event, (...args) => this.add(value(...args)))
  }

  add(value) {
    const wanted = this.#waiting.shift()
    if (wanted === undefined) this.#kept.push(value)
    else wanted(value)
  }

  /** The oldest value that nobody has taken yet. */
  async next() {
    return this.#kept.length > 0 ? this.#kept.shift() : new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** The first value, from the oldest on, that `isWanted` accepts; those before it are dropped. */
  async until(isWanted) {
    for (;;) {
      const value = await this.next()
      if (isWanted(value)) return value
    }
  }
}
