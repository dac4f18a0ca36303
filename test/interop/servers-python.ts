import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { certificate } from '../wire/certificate.ts'
import { Inbox } from '../wire/inbox.ts'
import {
  type ForeignConnection,
  type ForeignServerKind,
  type Message,
  Reports,
  spoken,
} from './servers-kind.ts'

const python = '/usr/bin/python3'
const program = fileURLToPath(new URL('../../../test/interop/servers-python.py', import.meta.url))

/** Why there is no such server here, or nothing. */
export const pythonMissing: string | undefined =
  spawnSync(python, ['-c', 'import websockets']).status === 0
    ? undefined
    : `${python} has no module websockets`

interface Told {
  readonly port?: number
  readonly connection: number
  readonly open?: string
  readonly text?: string
  readonly bytes?: string
  readonly pong?: string
  readonly closed?: [number, string]
}

export const pythonWebsockets: ForeignServerKind = {
  name: "Python's websockets",
  options: { compression: { thresholdBytes: 0, clientContextTakeover: true } },
  extensions: 'permessage-deflate; server_max_window_bits=12; client_max_window_bits=12',
  fragments: ['text', 'binary'],
  answerTo: (code) => code,
  async listen(secure) {
    const child = spawn(python, [program], { stdio: ['pipe', 'pipe', 'inherit'] })
    const connections = new Inbox<ForeignConnection>()
    const reports = new Map<number, Reports>()
    const order = (what: object): void => void child.stdin.write(`${JSON.stringify(what)}\n`)
    const port = new Promise<number>((resolve, reject) => {
      child.on('error', reject)
      child.on('exit', (status) => reject(new Error(`${program} ended with ${status}`)))
      createInterface({ input: child.stdout }).on('line', (line) => {
        const told = JSON.parse(line) as Told
        const { connection } = told
        if (told.port !== undefined) resolve(told.port)
        else if (told.open !== undefined) {
          const report = new Reports()
          reports.set(connection, report)
          const tell = (what: object): void => order({ connection, ...what })
          connections.push(connectionOf(report, told.open, tell))
        } else pass(told, reports.get(connection))
      })
    })
    order({ pem: secure ? certificate.key + certificate.cert : '', protocol: spoken })
    const listening = await port
    return {
      url: secure ? `wss://localhost:${listening}/` : `ws://127.0.0.1:${listening}/`,
      connections,
      async close() {
        child.stdin.end()
        if (child.exitCode === null) await once(child, 'exit')
      },
    }
  },
}

function pass({ text, bytes, pong, closed }: Told, report: Reports | undefined): void {
  if (text !== undefined) report?.messages.push(text)
  else if (bytes !== undefined) report?.messages.push(Buffer.from(bytes, 'base64'))
  else if (pong !== undefined) report?.pongs.push(pong)
  else if (closed !== undefined) report?.close(...closed)
}

function connectionOf(
  { messages, pongs, closed }: Reports,
  protocol: string,
  tell: (what: object) => void,
): ForeignConnection {
  return {
    protocol,
    messages,
    pongs,
    closed,
    send: (data) => tell({ send: piece(data) }),
    sendFragments: (pieces) => tell({ fragments: pieces.map(piece) }),
    ping: (data) => tell({ ping: data }),
    close: (code, reason) => tell({ close: [code, reason] }),
    drop: () => tell({ drop: true }),
  }
}

function piece(data: Message): { text: string } | { bytes: string } {
  return typeof data === 'string' ? { text: data } : { bytes: Buffer.from(data).toString('base64') }
}
