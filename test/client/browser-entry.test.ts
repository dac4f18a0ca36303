import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

test('the browser entry gives the platform’s own classes, and the errors', async () => {
  const names = ['WebSocket', 'WebSocketStream', 'WebSocketError', 'CloseEvent'] as const
  const before = names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name))
  const own = names.map((name) => {
    const stand = class {}
    Object.defineProperty(globalThis, name, { value: stand, configurable: true })
    return stand
  })
  const entry: Record<string, unknown> = await import('../../src/index.browser.ts')
  for (const [index, name] of names.entries()) {
    assert.equal(entry[name], own[index])
    const earlier = before[index]
    if (earlier === undefined) Reflect.deleteProperty(globalThis, name)
    else Object.defineProperty(globalThis, name, earlier)
  }
  const errors: Record<string, unknown> = await import('../../src/errors.ts')
  for (const name of Object.keys(errors)) assert.equal(entry[name], errors[name])
})

test('the browser entry has the names of the other one', async () => {
  const [browser, node] = await Promise.all([
    import('../../src/index.browser.ts'),
    import('../../src/index.ts'),
  ])
  assert.deepEqual(Object.keys(browser).sort(), Object.keys(node).sort())
})

test('the browser entry imports nothing but connect and the errors', () => {
  const source = readFileSync('src/index.browser.ts', 'utf8')
  assert.deepEqual(
    [...source.matchAll(/from '(.*)'/g)].map((match) => match[1]),
    ['./client/realtime/connect.browser.ts', './errors.ts'],
  )
})
