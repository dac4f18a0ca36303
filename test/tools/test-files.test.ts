import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runTestFiles } from '../../tools/testing/files.mjs'
import { temporaryFolder } from './temporary-folder.ts'

const start = "import { test, describe, before } from 'node:test'\n"

async function outcomeOf(t: test.TestContext, source: string, timeoutMs = 20_000) {
  const folder = temporaryFolder(t, { 'a.test.mjs': start + source })
  return await runTestFiles(['a.test.mjs'], { folder, timeoutMs })
}

test('each test without tests of its own counts once', async (t) => {
  const outcome = await outcomeOf(
    t,
    `test('one', () => {})
     describe('a suite', () => { test('two', () => {}); test('three', () => {}) })
     test('a parent', async (t) => { await t.test('four', () => {}) })`,
  )
  assert.deepEqual(outcome, { passed: 4, failures: [], skips: [] })
})

test('a failure is named with its suites, its file and its cause, and counts once', async (t) => {
  const outcome = await outcomeOf(
    t,
    "describe('sums', () => { test('one and one', () => { throw new Error('is two') }) })",
  )
  assert.equal(outcome.passed, 0)
  assert.equal(outcome.failures.length, 1)
  assert.match(outcome.failures[0] ?? '', /^sums › one and one \(test\/a\.test\.mts\)\nError: is two\n/)
})

test('what a failing file prints is shown with the failure', async (t) => {
  const outcome = await outcomeOf(t, "test('one', () => { console.log('a hint'); throw new Error('no') })")
  assert.match(outcome.failures[0] ?? '', /printed by test\/a\.test\.mts:\na hint/)
})

test('a skipped test is named with its reason', async (t) => {
  const outcome = await outcomeOf(t, "test('with Chromium', { skip: 'Chromium is not installed' }, () => {})")
  assert.deepEqual(outcome.skips, ['with Chromium (test/a.test.mts): Chromium is not installed'])
})

test('a failing hook is a failure', async (t) => {
  const outcome = await outcomeOf(
    t,
    "describe('s', () => { before(() => { throw new Error('hook') }); test('t', () => {}) })",
  )
  assert.notEqual(outcome.failures.length, 0)
})

test('a file that cannot be loaded is a failure', async (t) => {
  const outcome = await outcomeOf(t, "throw new Error('at load')")
  assert.equal(outcome.failures.length, 1)
  assert.match(outcome.failures[0] ?? '', /ended with exit code 1[\s\S]*at load/)
})

test('a file without a test is a failure', async (t) => {
  const outcome = await outcomeOf(t, '')
  assert.deepEqual(outcome.failures, ['test/a.test.mts holds no test'])
})

test('a file that does not end is ended, and is a failure', async (t) => {
  const outcome = await outcomeOf(t, "test('quick', () => {})\nsetInterval(() => {}, 1000)", 700)
  assert.equal(outcome.failures.length, 1)
  assert.match(outcome.failures[0] ?? '', /did not end within 0\.7 s/)
})

test('a program left running is a failure, and is ended', {
  skip: process.platform !== 'linux' && 'seen on Linux only',
}, async (t) => {
  const outcome = await outcomeOf(
    t,
    `import { spawn } from 'node:child_process'
     test('one', () => {
       spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' }).unref()
     })`,
  )
  assert.equal(outcome.passed, 1)
  assert.equal(outcome.failures.length, 1)
  assert.match(outcome.failures[0] ?? '', /left running: .*setInterval/)
})
