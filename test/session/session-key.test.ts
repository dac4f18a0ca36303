import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { base64url, equalInConstantTime, SessionKey } from '../../src/session/session-key.ts'

const source = {
  randomBytes: (count: number) => new Uint8Array(randomBytes(count)),
  digest: (text: string) => new Uint8Array(createHash('sha256').update(text).digest()),
}

test('a key has 256 random bits and matches itself alone', () => {
  const { text, key } = SessionKey.create(source)
  assert.match(text, /^[\w-]{43}$/)
  assert.equal(key.matches(text), true)
  assert.equal(key.matches(`${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`), false)
  assert.equal(key.matches(''), false)
  assert.notEqual(SessionKey.create(source).text, text)
})

test('a key tells nothing when it is printed', () => {
  const { text, key } = SessionKey.create(source)
  assert.doesNotMatch(JSON.stringify(key), new RegExp(text))
  assert.equal(JSON.stringify(key), '{}')
})

test('what is far too long is not even hashed', () => {
  let hashed = 0
  const digest = (text: string) => {
    hashed += 1
    return source.digest(text)
  }
  const counting = { ...source, digest }
  const { key } = SessionKey.create(counting)
  assert.equal(key.matches('A'.repeat(257)), false)
  assert.equal(hashed, 1)
})

test('property: bytes are equal in constant time as they are equal otherwise', () => {
  const bytes = fc.uint8Array({ minLength: 4, maxLength: 4, max: 2 })
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      assert.equal(equalInConstantTime(a, b), a.join() === b.join())
    }),
  )
  assert.equal(equalInConstantTime(new Uint8Array(2), new Uint8Array(3)), false)
})

test('property: base64url is that of RFC 4648 §5', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      assert.equal(base64url(bytes), Buffer.from(bytes).toString('base64url'))
    }),
  )
})
