import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { filesIn, root } from '../../tools/project.mjs'

const page = readFileSync(join(root, 'docs/design/delivery.md'), 'utf8')

/** The text of a test file; a contract suite is part of the tests that run it. */
function sourceOf(path: string): string {
  const folder = join(root, 'src/testing')
  const suites = filesIn(folder, (name) => name.endsWith('-contract.ts'))
  const own = readFileSync(join(root, path), 'utf8')
  return [
    own,
    ...suites.filter((name) => own.includes(name)).map((name) => readFileSync(join(folder, name), 'utf8')),
  ].join()
}

test('every test that the page about delivery names exists', () => {
  const named = [...page.matchAll(/^- .*?`(test\/[\w./-]+\.test\.ts)`[^:]*: (.+)$/gm)]
  assert.ok(named.length > 30)
  for (const [line, path = '', title = ''] of named) {
    assert.ok(existsSync(join(root, path)), `${path} does not exist`)
    const text = title.replaceAll('’', "'")
    assert.ok(sourceOf(path).replaceAll('’', "'").includes(`'${text}'`), line)
  }
})

test('every promise about delivery has a test', () => {
  for (const section of page.split('\n## ').slice(1)) {
    if (!section.startsWith('The chaos test')) assert.match(section, /\.test\.ts`/)
  }
})
