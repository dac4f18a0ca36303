import { test } from 'node:test'
import { WebSocket as PlatformWebSocket } from 'undici'
import { httpTransport } from '../../src/client/realtime/http-transport.ts'
import { platformTime } from '../../src/client/realtime/platform-time.ts'
import { readError } from '../../src/client/realtime/read-error.ts'
import { webSocketTransport } from '../../src/client/realtime/web-socket-transport.ts'
import { WebSocket } from '../../src/client/websocket.ts'
import { testContract } from '../../src/testing/contract.ts'
import { type TransportSubject, transportContract } from '../../src/testing/transport-contract.ts'

const subjects: Readonly<Record<string, TransportSubject>> = {
  'our WebSocket': {
    transport: webSocketTransport((url, protocol) => new WebSocket(url, protocol), readError),
  },
  'a platform’s WebSocket': {
    transport: webSocketTransport((url, protocol) => new PlatformWebSocket(url, protocol)),
    tellsStatus: false,
  },
  'a stream of lines': { transport: httpTransport('stream', platformTime) },
  'a stream of events': { transport: httpTransport('events', platformTime) },
  'long polls': { transport: httpTransport('poll', platformTime) },
}

for (const [name, subject] of Object.entries(subjects)) {
  testContract(
    (title, check) => test(`${name}: ${title}`, check),
    transportContract,
    () => subject,
  )
}
