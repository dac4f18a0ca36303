import type { Socket } from 'node:net'
import { Agent, buildConnector, WebSocket } from 'undici'
import { ca, testFlows } from './flows.ts'
import { type ForeignClient, type ForeignKind, Reports } from './foreign-client.ts'

const abilities = {
  compresses: true,
  fragments: [],
  insistsOnProtocol: true,
  answerTo: (code: number) => code,
}

function undici(name: string, allowH2: boolean): ForeignKind {
  return {
    ...abilities,
    name,
    // On HTTP/2, undici itself does not survive the loss of its connection.
    canDrop: !allowH2,
    canTrust: true,
    http2: allowH2,
    staysOpen: allowH2,
    connect(url, protocols) {
      // The agent keeps its connections to itself; only where they are made can they be had.
      const connector = buildConnector({ ca, allowH2 })
      let connection: Socket | undefined
      const dispatcher = new Agent({
        allowH2,
        connect(options, done) {
          connector(options, (...result) => {
            connection = result[1] ?? undefined
            done(...result)
          })
        },
      })
      const socket = new WebSocket(url, { protocols, dispatcher })
      return follow(
        socket,
        () => connection?.destroy(),
        () => void dispatcher.destroy(),
      )
    },
  }
}

testFlows(undici('undici', false))
// Over TLS, where ALPN agrees on it.
testFlows(undici('undici on HTTP/2', true))

// That of Node 22 and later; it takes no certificates, and its connection cannot be reached.
const native = (globalThis as { WebSocket?: typeof WebSocket }).WebSocket
if (native !== undefined) {
  testFlows({
    ...abilities,
    name: "Node's own WebSocket",
    canDrop: false,
    canTrust: false,
    connect: (url, protocols) =>
      follow(
        new native(url, protocols),
        () => {},
        () => {},
      ),
  })
}

async function follow(socket: WebSocket, drop: () => void, release: () => void): Promise<ForeignClient> {
  const reports = new Reports()
  socket.binaryType = 'arraybuffer'
  socket.addEventListener('open', reports.open)
  socket.addEventListener('error', ({ error }) => reports.fail(error))
  socket.addEventListener('close', ({ code, reason }) => {
    reports.close(code, reason)
    release()
  })
  socket.addEventListener('message', ({ data }: { data: string | ArrayBuffer }) => {
    reports.messages.push(typeof data === 'string' ? data : new Uint8Array(data))
  })
  try {
    await reports.opened
  } catch (error) {
    // It leaves the connection open when it does not like the answer to its handshake.
    drop()
    throw error
  }
  return {
    protocol: socket.protocol,
    extensions: socket.extensions,
    messages: reports.messages,
    closed: reports.closed,
    send: (data) => socket.send(data),
    sendFragments() {
      throw new Error('It always sends one frame')
    },
    close: (code, reason) => socket.close(code, reason),
    drop,
  }
}
