import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ca, testFlows } from './flows.ts'
import { Reports } from './foreign-client.ts'

const python = '/usr/bin/python3'
const program = fileURLToPath(new URL('../../../test/interop/python-client.py', import.meta.url))

interface Told {
  readonly failed?: string
  readonly open?: { protocol: string; extensions: string }
  readonly text?: string
  readonly bytes?: string
  readonly closed?: { code: number; reason: string }
}

if (spawnSync(python, ['-c', 'import websockets']).status === 0) {
  testFlows({
    name: "Python's websockets",
    compresses: true,
    fragments: ['text', 'binary'],
    insistsOnProtocol: false,
    answerTo: (code) => code,
    canDrop: true,
    canTrust: true,
    async connect(url, protocols) {
      const child = spawn(python, [program, url, ca, ...protocols], { stdio: ['pipe', 'pipe', 'inherit'] })
      const reports = new Reports()
      let agreed = { protocol: '', extensions: '' }
      createInterface({ input: child.stdout }).on('line', (line) => {
        const told = JSON.parse(line) as Told
        if (told.text !== undefined) reports.messages.push(told.text)
        else if (told.bytes !== undefined) reports.messages.push(Buffer.from(told.bytes, 'base64'))
        else if (told.closed !== undefined) {
          reports.close(told.closed.code, told.closed.reason)
          child.stdin.end()
        } else if (told.open !== undefined) {
          agreed = told.open
          reports.open()
        } else reports.fail(new Error(told.failed))
      })
      child.on('error', reports.fail)
      child.on('exit', (status) => reports.fail(new Error(`It ended with ${status}`)))
      const order = (what: object): void => void child.stdin.write(`${JSON.stringify(what)}\n`)
      await reports.opened
      return {
        ...agreed,
        messages: reports.messages,
        closed: reports.closed,
        send: (data) => order(piece(data)),
        sendFragments: (pieces) => order({ fragments: pieces.map(piece) }),
        close: (code, reason) => order({ close: [code, reason] }),
        drop: () => order({ drop: true }),
      }
    },
  })
} else {
  const missing = `${python} has no module websockets`
  test("Python's websockets", (context) => {
    if (process.env['CI'] === 'true') throw new Error(missing)
    context.skip(missing)
  })
}

function piece(data: string | Uint8Array): { text: string } | { bytes: string } {
  return typeof data === 'string' ? { text: data } : { bytes: Buffer.from(data).toString('base64') }
}
