import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

const reasons = readFileSync('docs/design/dependencies.md', 'utf8')
const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
const runtimes = Object.entries<string>(readJson('tools/runtimes/package.json').optionalDependencies)

const packages = [
  ...Object.keys(readJson('package.json').devDependencies),
  ...runtimes.map(([name, version]) => /^npm:(.+)@/.exec(version)?.[1] ?? name),
]

test('every dependency has a reason in docs/design/dependencies.md', () => {
  assert.deepEqual(
    packages.filter((name) => !reasons.includes(`\`${name}\``)),
    [],
  )
})
