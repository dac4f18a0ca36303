import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { base64url, equalInConstantTime, SessionKey } from '../../src/session/session-key.ts'

const source = {
  randomBytes: (count: number) => new Uint8Array(randomBytes(count)),
  digest: (text: string) => createHash('sha256').update(text).digest('base64'),
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

test('a digest stands for the key, and is not the key', () => {
  const { text, key } = SessionKey.create(source)
  const digest = SessionKey.digestOf(text, source) as string
  assert.equal(key.matchesDigest(digest), true)
  assert.equal(key.matches(digest), false)
  assert.equal(key.matchesDigest(`A${digest.slice(1)}`), digest.startsWith('A'))
  assert.equal(SessionKey.digestOf('A'.repeat(257), source), undefined)
})

test('property: texts are equal in constant time as they are equal otherwise', () => {
  const texts = fc.string({ minLength: 2, maxLength: 4, unit: fc.constantFrom('a', 'b') })
  fc.assert(
    fc.property(texts, texts, (a, b) => {
      assert.equal(equalInConstantTime(a, b), a === b)
    }),
  )
})

test('property: base64url is that of RFC 4648 §5', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      assert.equal(base64url(bytes), Buffer.from(bytes).toString('base64url'))
    }),
  )
})
