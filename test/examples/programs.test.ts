import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { root } from '../../tools/project.mjs'

const folder = join(root, 'examples')
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

const children: ChildProcess[] = []
after(() => {
  for (const child of children) child.kill('SIGKILL')
})

for (const name of names) {
  test(`${name}: starts with one command, says where it listens, and ends in order`, async () => {
    const child = spawn(process.execPath, [join(folder, name, 'server.mjs')], {
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    const ended = once(child, 'exit')
    const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), ended])
    assert.match(String(line), /^listening on (wss?|http):\/\/localhost:\d+\/$/)
    child.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null])
  })
}
