// A client reads a chain from a node, watches its blocks, and finds the node again after a lost connection.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createPublicClient, webSocket } from 'viem'
import { mainnet } from 'viem/chains'
import { WebSocketServer } from 'ws'
import { JsonRpcNode } from '../../support/json-rpc-node.mjs'
import { closed, Inbox } from '../../support/sockets.mjs'

export async function flow() {
  delete globalThis.WebSocket // the package takes the platform's where there is one
  const node = await JsonRpcNode.start(WebSocketServer)
  const transport = webSocket(node.url, {
    reconnect: { delay: 1, attempts: 5 },
    keepAlive: false,
    retryCount: 0,
  })
  const client = createPublicClient({ chain: mainnet, transport, cacheTime: 0 })
  assert.equal(await client.getBlockNumber(), 1000n)
  const blocks = await Promise.all(Array.from({ length: 50 }, () => client.getBlock()))
  assert.equal(blocks.at(-1).number, 1000n)
  await assert.rejects(client.request({ method: 'eth_missing' }), /there is no method eth_missing/)

  const subscribed = once(node, 'subscribed')
  const news = new Inbox({ on: (_event, listener) => client.watchBlockNumber({ onBlockNumber: listener }) })
  await subscribed
  node.mine()
  assert.equal(await news.next(), '1001')

  const again = once(node, 'subscribed')
  for (const socket of node.sockets.clients) socket.terminate()
  await again
  node.mine()
  assert.equal(await news.next(), '1002')

  const [socket] = node.sockets.clients
  const left = once(socket, 'close')
  const { close } = await client.transport.getRpcClient()
  close()
  await left
  await closed(node.sockets)
}
