// Two copies of a document meet on a server of the package; one is refused, one loses its connection.
import assert from 'node:assert/strict'
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { Server } from '@hocuspocus/server'
import WebSocket from 'ws'
import { Doc } from 'yjs'

export async function flow() {
  const server = new Server({
    port: 0,
    address: '127.0.0.1',
    quiet: true,
    stopOnSignals: false,
    onAuthenticate: async ({ token }) => {
      if (token !== 'right') throw new Error('not you')
    },
  })
  await server.listen()
  const connections = []
  const join = (token = 'right') => {
    const websocketProvider = new HocuspocusProviderWebsocket({
      url: `ws://127.0.0.1:${server.address.port}`,
      WebSocketPolyfill: WebSocket,
      delay: 1,
      minDelay: 1,
      jitter: false,
    })
    connections.push(websocketProvider)
    const provider = new HocuspocusProvider({ websocketProvider, name: 'notes', document: new Doc(), token })
    provider.attach()
    return provider
  }

  const [first, second] = [join(), join()]
  await Promise.all([heard(first, 'synced'), heard(second, 'synced')])
  const [here, there] = [first.document.getText('text'), second.document.getText('text')]
  here.insert(0, 'one ')
  await reads(there, 'one ')
  there.insert(4, 'two '.repeat(50_000))
  await reads(here, `one ${'two '.repeat(50_000)}`)

  const stranger = join('wrong')
  assert.equal((await heard(stranger, 'authenticationFailed')).reason, 'permission-denied')

  const lost = heard(first, 'disconnect')
  const back = heard(first, 'synced')
  for (const socket of server.webSocketServer.clients) socket.terminate()
  await lost
  here.insert(0, 'back again ')
  await back
  await reads(there, `back again one ${'two '.repeat(50_000)}`)

  for (const provider of [first, second, stranger]) provider.destroy()
  for (const connection of connections) connection.destroy()
  await server.destroy()
}

function heard(provider, event) {
  return new Promise((resolve) => {
    const listener = (value) => {
      provider.off(event, listener)
      resolve(value)
    }
    provider.on(event, listener)
  })
}

function reads(text, wanted) {
  return new Promise((resolve) => {
    const look = () => {
      if (text.toString() !== wanted) return
      text.unobserve(look)
      resolve()
    }
    text.observe(look)
    look()
  })
}
