import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const bundled = readdirSync('dist/shared')
  .filter((name) => name.endsWith('.js'))
  .map((name) => readFileSync(`dist/shared/${name}`, 'utf8'))

test('the bundler leaves in what only looks useless: the block that lets the process keep its memory', () => {
  const source = readFileSync('src/runtime/node/runtime.ts', 'utf8')
  const [statement] = /Buffer\.allocUnsafeSlow\(33_000_000\)/.exec(source) ?? []
  assert.ok(statement !== undefined, 'the block is still asked for')
  assert.ok(bundled.some((text) => /allocUnsafeSlow\((33e6|33000000)\)/.test(text)))
})

test('classes keep their names in the bundle', () => {
  for (const text of bundled) assert.doesNotMatch(text, /\bclass _\w/)
})
