import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../../tools/project.mjs'

const source = readFileSync(join(root, 'src/errors.ts'), 'utf8')
const guide = readFileSync(join(root, 'docs/guide/errors.md'), 'utf8')

const sorted = (matches: Iterable<RegExpMatchArray>) => [...matches].map(([, name]) => name).sort()

test('the guide to errors has a row for every code, and for no other', () => {
  const codes = sorted(source.matchAll(/^ {2}\| '(ERR_\w+)'$/gm))
  assert.ok(codes.length > 40)
  assert.deepEqual(sorted(guide.matchAll(/^\| `(ERR_\w+)` \|/gm)), codes)
})

test('the guide to errors has a row for every class, and for no other', () => {
  const classes = sorted(source.matchAll(/^export class (\w+) extends (?!Error)/gm))
  assert.deepEqual(sorted(guide.matchAll(/^\| `(\w+Error)` \|/gm)), classes)
})

/** What the sources say when they fail a connection: code and close code, by name. */
const closeCodes: Readonly<Record<string, number>> = {
  PROTOCOL_ERROR: 1002,
  INVALID_PAYLOAD: 1007,
  POLICY_VIOLATION: 1008,
  MESSAGE_TOO_BIG: 1009,
  TRY_AGAIN_LATER: 1013,
}

test('the guide to errors has the close codes that the sources use', () => {
  const files = ['src/protocol/faults.ts', 'src/protocol/connection.ts', 'src/transport/websocket-carrier.ts']
  let seen = 0
  for (const file of files) {
    const code = readFileSync(join(root, file), 'utf8')
    for (const [, name, closeCode] of code.matchAll(
      /new (?:Protocol|Limit)Error\(\s*'(ERR_\w+)',\s*([A-Z_]+)/g,
    )) {
      const row = new RegExp(`^\\| \`${name}\` \\| (\\d+)`, 'm').exec(guide)
      assert.equal(Number(row?.[1]), closeCodes[closeCode as string], `${name} in ${file}`)
      seen += 1
    }
  }
  assert.ok(seen >= 4)
})
