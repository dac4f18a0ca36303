import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deadLinksIn, samplesIn } from '../../tools/check-docs.mjs'
import { temporaryFolder } from './temporary-folder.ts'

test('samples are the blocks marked ts, with the line of their fence', () => {
  const text =
    '# Title\n\n```ts\nlet a = 1\n```\n\n```ts run\nlet b = 2\n```\n\n```ts sketch\n…\n```\n\n```sh\nls\n```\n'
  assert.deepEqual(samplesIn('README.md', text), [
    { file: 'README.md', line: 3, run: false, code: 'let a = 1\n' },
    { file: 'README.md', line: 7, run: true, code: 'let b = 2\n' },
  ])
})

test('a link to a file, a folder, a heading or another host is good', (t) => {
  const text =
    '[a](guide.md) [b](./folder) [c](guide.md#two-words) [d](#here) [e](https://example.com)\n\n# Here\n[f]: guide.md\n'
  const folder = temporaryFolder(t, {
    'docs/guide.md': '## Two `words`\n',
    'docs/folder/x': '',
    'docs/index.md': text,
  })
  assert.deepEqual(deadLinksIn(folder, 'docs/index.md', text), [])
})

test('a link that leads nowhere is named with its line', (t) => {
  const folder = temporaryFolder(t, { 'README.md': '# Title\n' })
  assert.deepEqual(deadLinksIn(folder, 'README.md', 'a\n[b](missing.md)\n[c](#nothing)\n[d]: gone.md\n'), [
    'README.md:2: missing.md does not exist',
    'README.md:3: #nothing names no heading',
    'README.md:4: gone.md does not exist',
  ])
})

test('what stands in code is no link', (t) => {
  const folder = temporaryFolder(t, {})
  assert.deepEqual(deadLinksIn(folder, 'README.md', '`[a](b.md)`\n\n```md\n[c](d.md)\n```\n'), [])
})
