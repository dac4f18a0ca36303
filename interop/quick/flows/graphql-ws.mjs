// Queries, subscriptions, an error in each, a refusal, and a lost connection that the client makes anew.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { buildSchema } from 'graphql'
import { createClient } from 'graphql-ws'
import { useServer } from 'graphql-ws/use/ws'
import WebSocket, { WebSocketServer } from 'ws'
import { closed, httpServer } from '../../support/sockets.mjs'

const schema = buildSchema(`
  type Query { greeting(name: String!): String!  failing: String }
  type Subscription { count(to: Int!): Int!  failing: Int!  endless: Int! }
`)

const roots = {
  query: {
    greeting: ({ name }) => `Hello ${name}`,
    failing: () => {
      throw new Error('this one fails')
    },
  },
  subscription: {
    async *count({ to }) {
      for (let number = 1; number <= to; number += 1) yield { count: number }
    },
    // biome-ignore lint/correctness/useYield: it fails before it has anything to yield
    async *failing() {
      throw new Error('this one breaks off')
    },
    endless: () => oneValueAndNoEnd({ endless: 1 }),
  },
}

/** Unlike a generator that waits, it can be ended while it waits. */
function oneValueAndNoEnd(value) {
  let wasTold = false
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next() {
      if (wasTold) return new Promise(() => undefined)
      wasTold = true
      return Promise.resolve({ done: false, value })
    },
    return: async () => ({ done: true, value: undefined }),
  }
}

export async function flow() {
  const { server, address } = await httpServer()
  const sockets = new WebSocketServer({ server, path: '/graphql' })
  const lostConnections = []
  const graphql = useServer(
    {
      schema,
      roots,
      onConnect: ({ connectionParams }) => connectionParams?.password !== 'wrong',
      onDisconnect: (_context, code) => lostConnections.push(code),
    },
    sockets,
  )
  const url = `ws://${address}/graphql`
  const shared = { url, webSocketImpl: WebSocket, retryWait: async () => undefined }
  const client = createClient({ ...shared, shouldRetry: () => true })

  assert.deepEqual(await result(client, '{ greeting(name: "Ada") }'), { data: { greeting: 'Hello Ada' } })
  const { errors } = await result(client, '{ failing }')
  assert.equal(errors[0].message, 'this one fails')
  const numbers = []
  for await (const { data } of client.iterate({ query: 'subscription { count(to: 50) }' })) {
    numbers.push(data.count)
  }
  assert.deepEqual(
    numbers,
    Array.from({ length: 50 }, (_, index) => index + 1),
  )
  const broken = await result(client, 'subscription { failing }').catch((error) => ({ errors: error }))
  assert.equal(broken.errors[0].message, 'this one breaks off')

  const endless = client.iterate({ query: 'subscription { endless }' })
  assert.equal((await endless.next()).value.data.endless, 1)
  for (const socket of sockets.clients) socket.terminate()
  assert.equal((await endless.next()).value.data.endless, 1) // it has subscribed again on a new connection
  assert.equal(lostConnections.at(-1), 1006)
  await endless.return()

  const stranger = createClient({ ...shared, connectionParams: { password: 'wrong' }, retryAttempts: 0 })
  await assert.rejects(result(stranger, '{ greeting(name: "Eve") }'), { code: 4403, reason: 'Forbidden' })

  const deaf = new WebSocket(url, 'another-protocol')
  const [refusal] = await once(deaf, 'error')
  assert.equal(refusal.message, 'Server sent no subprotocol')

  await client.dispose()
  await graphql.dispose()
  await closed(server)
}

async function result(client, query) {
  const results = client.iterate({ query })
  try {
    return (await results.next()).value
  } finally {
    await results.return()
  }
}
