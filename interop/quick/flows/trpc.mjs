// Queries, a mutation that fails, subscriptions, and a server that asks its clients to come again.
import assert from 'node:assert/strict'
import { createTRPCClient, createWSClient, TRPCClientError, wsLink } from '@trpc/client'
import { initTRPC, TRPCError } from '@trpc/server'
import { applyWSSHandler } from '@trpc/server/adapters/ws'
import WebSocket, { WebSocketServer } from 'ws'
import { closed, httpServer, Inbox } from '../../support/sockets.mjs'

const { procedure, router } = initTRPC.create()

const api = router({
  greeting: procedure.query(() => 'hello'),
  shut: procedure.mutation(() => {
    throw new TRPCError({ code: 'FORBIDDEN', message: 'the door is shut' })
  }),
  numbers: procedure.subscription(async function* () {
    for (let number = 1; number <= 20; number += 1) yield number
  }),
})

export async function flow() {
  const { server, address } = await httpServer()
  const sockets = new WebSocketServer({ server })
  const handler = applyWSSHandler({ wss: sockets, router: api, createContext: () => ({}) })
  const opened = []
  const openings = new Inbox({ on: (_event, listener) => opened.push(listener) })
  const connection = createWSClient({
    url: `ws://${address}`,
    WebSocket,
    retryDelayMs: () => 0,
    onOpen: () => opened[0]('open'),
  })
  const client = createTRPCClient({ links: [wsLink({ client: connection })] })

  assert.equal(await client.greeting.query(), 'hello')
  await openings.next()
  const all = await Promise.all(Array.from({ length: 100 }, () => client.greeting.query()))
  assert.equal(all.length, 100)
  await assert.rejects(client.shut.mutate(), (error) => {
    return error instanceof TRPCClientError && error.data.code === 'FORBIDDEN'
  })
  assert.deepEqual(
    await received(client),
    Array.from({ length: 20 }, (_, index) => index + 1),
  )

  handler.broadcastReconnectNotification()
  await openings.next()
  assert.equal(await client.greeting.query(), 'hello')
  for (const socket of sockets.clients) socket.terminate()
  await openings.next()
  assert.equal(await client.greeting.query(), 'hello')

  await connection.close()
  await closed(sockets)
  await closed(server)
}

function received(client) {
  return new Promise((resolve, reject) => {
    const numbers = []
    client.numbers.subscribe(undefined, {
      onData: (number) => numbers.push(number),
      onComplete: () => resolve(numbers),
      onError: reject,
    })
  })
}
