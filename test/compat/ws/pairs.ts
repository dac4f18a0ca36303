// Two ends of a connection, of polyplex/ws and of the real ws in every combination that has ours in it.
import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import ours, { type ClientOptions, type ServerOptions } from 'polyplex/ws'

type Library = typeof ours

// By `require` the original has everything on its class, as ours always does.
const real = createRequire(import.meta.url)('ws') as Library

/** Ours with ours first. */
export const combinations: readonly { name: string; Client: Library; Server: Library }[] = [
  { name: 'ours with ours', Client: ours, Server: ours },
  { name: 'our client, real server', Client: ours, Server: real },
  { name: 'real client, our server', Client: real, Server: ours },
]

export interface Pair {
  readonly client: InstanceType<Library>
  readonly server: InstanceType<Library>
  readonly wss: InstanceType<Library['Server']>
}

export interface PairOptions {
  readonly client?: ClientOptions
  readonly server?: ServerOptions
  readonly protocols?: string[]
  /** Called as soon as the server has the connection. */
  readonly connected?: (server: InstanceType<Library>) => void
}

/** Opens a connection. */
export async function openPair(
  { Client, Server }: { readonly Client: Library; readonly Server: Library },
  { client: clientOptions, server: serverOptions, protocols = [], connected }: PairOptions = {},
): Promise<Pair> {
  const wss = new Server.Server({ port: 0, ...serverOptions })
  await once(wss, 'listening')
  const accepted = new Promise<InstanceType<Library>>((resolve) => {
    wss.on('connection', (ws) => {
      connected?.(ws)
      resolve(ws)
    })
  })
  const client = new Client(`ws://localhost:${(wss.address() as AddressInfo).port}`, protocols, clientOptions)
  const opened = once(client, 'open')
  const [server] = await Promise.all([accepted, opened])
  return { client, server, wss }
}

/** Ends a pair; resolves when nothing of it is left. */
export async function endPair({ client, server, wss }: Pair): Promise<void> {
  const closed = new Promise((resolve) => wss.close(resolve))
  client.terminate()
  server.terminate()
  await closed
}

/** A test for each combination. */
export function testPairs(
  sentence: string,
  check: (pair: Pair) => Promise<void> | void,
  options?: PairOptions,
): void {
  for (const combination of combinations) {
    test(`${sentence} (${combination.name})`, async () => {
      const pair = await openPair(combination, options)
      try {
        await check(pair)
      } finally {
        await endPair(pair)
      }
    })
  }
}

/** The next `count` messages, as `ws` tells them. */
export function messagesOf(
  ws: InstanceType<Library>,
  count: number,
): Promise<[data: unknown, isBinary: boolean][]> {
  return new Promise((resolve) => {
    const messages: [unknown, boolean][] = []
    ws.on('message', (data, isBinary) => {
      if (messages.push([data, isBinary]) === count) resolve(messages)
    })
  })
}

/** How a connection closes: code and reason. */
export function closeOf(ws: InstanceType<Library>): Promise<[code: number, reason: string]> {
  return new Promise((resolve) => {
    ws.on('close', (code, reason) => resolve([code, reason.toString()]))
  })
}
