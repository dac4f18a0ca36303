import { test } from 'node:test'
import { WebSocket as PlatformWebSocket } from 'undici'
import { readError } from '../../src/client/realtime/read-error.ts'
import type { Transport } from '../../src/client/realtime/transport.ts'
import { webSocketTransport } from '../../src/client/realtime/web-socket-transport.ts'
import { WebSocket } from '../../src/client/websocket.ts'
import { testContract } from '../../src/testing/contract.ts'
import { transportContract } from '../../src/testing/transport-contract.ts'

const ours: Transport = webSocketTransport((url, protocol) => new WebSocket(url, protocol), readError)
const platform: Transport = webSocketTransport((url, protocol) => new PlatformWebSocket(url, protocol))

testContract(
  (title, check) => test(`our WebSocket: ${title}`, check),
  transportContract,
  () => ({ transport: ours }),
)
testContract(
  (title, check) => test(`a platform’s WebSocket: ${title}`, check),
  transportContract,
  () => ({ transport: platform, tellsStatus: false }),
)
