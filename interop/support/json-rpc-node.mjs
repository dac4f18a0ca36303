// A node of a chain, as far as providers need one to begin: a number of the newest block, and news of blocks.
import { EventEmitter, once } from 'node:events'

/** Emits `subscribed` when somebody wants to hear of new blocks. */
export class JsonRpcNode extends EventEmitter {
  number = 1000
  #subscribers = new Set()

  static async start(WebSocketServer) {
    const node = new JsonRpcNode(new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true }))
    await once(node.sockets, 'listening')
    return node
  }

  constructor(sockets) {
    super()
    this.sockets = sockets
    sockets.on('connection', (socket) => {
      socket.on('close', () => this.#subscribers.delete(socket))
      socket.on('message', (data) => {
        const asked = JSON.parse(String(data))
        const answer = Array.isArray(asked)
          ? asked.map((one) => this.#answer(one, socket))
          : this.#answer(asked, socket)
        socket.send(JSON.stringify(answer))
      })
    })
  }

  get url() {
    return `ws://127.0.0.1:${this.sockets.address().port}`
  }

  /** Adds a block and tells every subscriber. */
  mine() {
    this.number += 1
    const params = { subscription: '0xfeed', result: this.#block() }
    for (const socket of this.#subscribers) {
      socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'eth_subscription', params }))
    }
  }

  #answer({ id, method }, socket) {
    const reply = { jsonrpc: '2.0', id }
    if (method === 'eth_chainId') return { ...reply, result: '0x1' }
    if (method === 'eth_blockNumber') return { ...reply, result: hex(this.number) }
    if (method === 'eth_getBlockByNumber') return { ...reply, result: this.#block() }
    if (method === 'eth_unsubscribe') return { ...reply, result: this.#subscribers.delete(socket) }
    if (method === 'eth_subscribe') {
      this.#subscribers.add(socket)
      this.emit('subscribed')
      return { ...reply, result: '0xfeed' }
    }
    return { ...reply, error: { code: -32601, message: `there is no method ${method}` } }
  }

  #block() {
    return {
      number: hex(this.number),
      hash: hex(this.number, 64),
      parentHash: hex(this.number - 1, 64),
      timestamp: hex(1_700_000_000 + this.number),
      nonce: hex(0, 16),
      difficulty: '0x0',
      gasLimit: '0x1c9c380',
      gasUsed: '0x0',
      miner: hex(0, 40),
      extraData: '0x',
      logsBloom: hex(0, 512),
      baseFeePerGas: '0x7',
      transactions: [],
    }
  }
}

const hex = (number, digits = 1) => `0x${number.toString(16).padStart(digits, '0')}`
