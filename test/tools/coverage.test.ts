import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { coverageOf } from '../../tools/testing/coverage.mjs'
import { temporaryFolder } from './temporary-folder.ts'

/** A source map that says: line n, column 0 of the output is line n + 10, column 0 of the source. */
function shiftedMap(lines: number): string {
  const mappings = `AAUA${';AACA'.repeat(lines - 1)}`
  return JSON.stringify({ version: 3, file: 'a.js', sources: ['a.ts'], names: [], mappings })
}

/** Coverage of `src/a.js` with the given code after programs ran that import it. */
function coverageAfter(t: test.TestContext, code: string, ...programs: string[]) {
  const folder = temporaryFolder(t, {
    'package.json': '{ "type": "module" }',
    'src/a.js': code,
    'src/a.js.map': shiftedMap(code.split('\n').length),
    'counts/.keep': '{ "result": [] }',
  })
  const module = pathToFileURL(join(folder, 'src', 'a.js')).href
  for (const program of programs) {
    const script = `import * as a from ${JSON.stringify(module)}\n${program}`
    const env = { ...process.env, NODE_V8_COVERAGE: join(folder, 'counts') }
    spawnSync(process.execPath, ['--input-type=module', '-e', script], { env })
  }
  return coverageOf(join(folder, 'counts'), 'src', folder)
}

const sign = `export function sign(value) {
  if (value < 0) {
    return -1
  }
  return value > 0 ? 1 : 0
}
`

test('code that ran whole misses nothing', (t) => {
  const { lines, missed } = coverageAfter(t, sign, 'a.sign(-1); a.sign(0); a.sign(1)')
  assert.deepEqual({ lines, missed }, { lines: 4, missed: [] })
})

test('what several processes ran adds up', (t) => {
  assert.deepEqual(coverageAfter(t, sign, 'a.sign(-1)', 'a.sign(0)', 'a.sign(1)').missed, [])
})

test('the untaken side of a condition is named with its place in the source', (t) => {
  assert.deepEqual(coverageAfter(t, sign, 'a.sign(-1); a.sign(0)').missed, ['src/a.ts:15:1  ? 1'])
})

test('a function nobody called is named', (t) => {
  const { missed } = coverageAfter(
    t,
    `${sign}export function other() {\n  return 1\n}\n`,
    'a.sign(-1); a.sign(0); a.sign(1)',
  )
  assert.equal(missed.length, 1)
  assert.match(
    missed[0] ?? '',
    /^src\/a\.ts:17:1 {2}export function other|^src\/a\.ts:17:1 {2}function other/,
  )
})

test('a file that no test loads is named, unless it holds types only', (t) => {
  assert.deepEqual(coverageAfter(t, sign).missed, ['src/a.ts  no test loads it'])
  assert.deepEqual(coverageAfter(t, '// only types\nexport {};\n').missed, [])
})
