// Echo of JSON with permessage-deflate: every message is inflated and compressed again.
import { compressed, compressedText, jsonMessage, offers } from '../measuring/messages.mjs'

/** @import { Scenario } from '../model.ts' */

const id = 'echo-deflate'
const title = 'echo 1 KB JSON, deflate'

/** @type {Scenario} */
const scenario = {
  name: id,
  title,
  mix: '1024 bytes of JSON, permessage-deflate without context takeover, 50 connections, 1 in flight on each',
  figures: [{ id, title, unit: 'µs' }],
  peers: ['polyplex', 'polyplex-ws', 'ws', 'bun', 'python-websockets'],
  estimateSeconds: ({ seconds }) => seconds + 1.6,
  suits: (peer) =>
    peer.can({ kind: 'echo', compression: 'no takeover' }) || peer.name === 'python-websockets',
  async measure({ serve, load, frame }) {
    const server = await serve({ kind: 'echo', compression: 'no takeover' })
    const result = await load('echo-load', server, {
      connections: 50,
      header: offers['no takeover'],
      frame: frame('json-1k-deflate', compressedText, compressed(jsonMessage())),
    })
    return { ...result, values: { [id]: result['cpuMicroseconds'] } }
  },
}

export default [scenario]
