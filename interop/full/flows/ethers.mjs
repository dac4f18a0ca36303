// A provider reads a chain from a node, hears of new blocks, and is told of a mistake.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { WebSocketProvider } from 'ethers'
import { WebSocketServer } from 'ws'
import { JsonRpcNode } from '../../support/json-rpc-node.mjs'
import { closed } from '../../support/sockets.mjs'

export async function flow() {
  const node = await JsonRpcNode.start(WebSocketServer)
  const provider = new WebSocketProvider(node.url)
  assert.equal((await provider.getNetwork()).chainId, 1n)
  assert.equal(await provider.getBlockNumber(), 1000)
  const blocks = await Promise.all(Array.from({ length: 50 }, () => provider.getBlock('latest')))
  assert.equal(blocks.at(-1).number, 1000)
  await assert.rejects(provider.send('eth_missing', []), /there is no method eth_missing/)

  const subscribed = once(node, 'subscribed')
  const blockNumber = new Promise((resolve) => provider.on('block', resolve))
  await subscribed
  node.mine()
  assert.equal(await blockNumber, 1001)

  const [socket] = node.sockets.clients
  const left = once(socket, 'close')
  await provider.destroy()
  assert.equal((await left)[0], 1005)
  await closed(node.sockets)
}
