import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { samplesIn } from '../../tools/check-docs.mjs'
import { root } from '../../tools/project.mjs'

const samples = samplesIn('README.md', readFileSync(join(root, 'README.md'), 'utf8'))
const folder = join(root, 'build', 'readme')

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Runs a sample as a program of its own; its samples are TypeScript that needs no compiler. */
function run(t: TestContext, code: string, port: number): ChildProcess & { line(): Promise<string> } {
  const path = join(folder, `${port}-${Math.random().toString(36).slice(2)}.mjs`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(path, code.replaceAll('8080', String(port)))
  const child = spawn(process.execPath, [path], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => {
    child.kill('SIGKILL')
    rmSync(path, { force: true })
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return Object.assign(child, { line: async () => String((await lines.next()).value) })
}

/** A server of the README, and a client that talks to it. */
async function talk(t: TestContext, server: string, client: string) {
  const port = await freePort()
  const serving = run(t, server, port)
  const first = await serving.line()
  return { port, first, client: run(t, client, port) }
}

test('the samples of the README run: a server and a client', async (t) => {
  const [server, client] = samples.map(({ code }) => code)
  const { port, first, client: talking } = await talk(t, server ?? '', client ?? '')
  assert.equal(first, `listening on ws://localhost:${port}/`)
  assert.equal(await talking.line(), 'hello')
})

test('the samples of the README run: channels, their client, and curl', async (t) => {
  const [, , server, client] = samples.map(({ code }) => code)
  const { port, client: talking } = await talk(t, server ?? '', client ?? '')
  assert.equal(await talking.line(), 'hello')
  const said = await fetch(`http://localhost:${port}/channels/room:1`, { method: 'POST', body: 'by hand' })
  assert.equal(said.status, 200)
  assert.equal(await talking.line(), 'by hand')
})
