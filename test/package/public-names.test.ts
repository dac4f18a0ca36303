import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { publicNames } from '../../tools/public-names.mjs'

// After a change on purpose: `npm run build && node tools/public-names.mjs --write`, and a line in CHANGELOG.md.
const expected = JSON.parse(readFileSync('test/package/public-names.json', 'utf8'))
const found = publicNames()

test('the subpaths of the package are the expected ones', () => {
  assert.deepEqual(Object.keys(found), Object.keys(expected))
})

for (const [subpath, names] of Object.entries(found)) {
  const specifier = subpath.replace('.', 'polyplex')

  test(`${specifier} declares the expected names`, () => {
    assert.deepEqual(names, expected[subpath])
  })

  test(`${specifier} exports the values it declares and no others`, async () => {
    assert.deepEqual(Object.keys(await import(specifier)).sort(), names.values)
  })
}
