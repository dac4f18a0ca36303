import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RealtimeError } from '../../src/errors.ts'
import {
  checkOptions,
  isAnything,
  isBoolean,
  isCount,
  isEither,
  isFunction,
  isObject,
  isOneOf,
  isString,
  isStrings,
  nearestName,
  type OptionRule,
  optionError,
} from '../../src/util/options.ts'

const rules: readonly [
  name: string,
  rule: OptionRule,
  right: readonly unknown[],
  wrong: readonly unknown[],
][] = [
  ['isBoolean', isBoolean, [true, false], [0, 'true', null, undefined]],
  ['isString', isString, ['', 'a'], [1, null, new String('a')]],
  ['isFunction', isFunction, [() => {}, class {}], [{}, 'f']],
  ['isObject', isObject, [{}, new Map()], [null, [], 'a', () => {}]],
  ['isAnything', isAnything, [null, 1, 'a'], []],
  ['isStrings', isStrings, [[], ['a', 'b']], ['a', ['a', 1], null]],
  ['isCount(2, 5)', isCount(2, 5), [2, 3, 5], [1, 6, 2.5, Number.NaN, Number.POSITIVE_INFINITY, '3', 3n]],
  ['isCount(0)', isCount(0), [0, Number.MAX_SAFE_INTEGER], [-1, 2 ** 53, Number.POSITIVE_INFINITY]],
  [
    'isCount(1, ∞)',
    isCount(1, Number.POSITIVE_INFINITY),
    [1, 2 ** 60, Number.POSITIVE_INFINITY],
    [0, -Infinity, 1.5],
  ],
  ['isOneOf', isOneOf('close', 'drop'), ['close', 'drop'], ['Close', '', 0]],
  ['isEither', isEither(isBoolean, isStrings), [false, ['a']], ['a', 0]],
]
for (const [name, rule, right, wrong] of rules) {
  test(`${name} takes what is right, and says what would be`, () => {
    for (const value of right) assert.equal(rule(value), undefined)
    for (const value of wrong) assert.equal(typeof rule(value), 'string')
  })
}

test('what would be right is said in words', () => {
  assert.equal(isCount(2, 5)(9), 'a whole number from 2 to 5')
  assert.equal(isCount(2)(1), 'a whole number of at least 2')
  assert.equal(isCount(2, Number.POSITIVE_INFINITY)(1), 'a whole number of at least 2')
  assert.equal(isOneOf('a', 'b')('c'), "'a' or 'b'")
  assert.equal(isEither(isBoolean, isString)(1), 'true or false, or a string')
})

const known = { port: isCount(0, 65_535), hostname: isString, compression: isAnything, message: isFunction }

test('right options pass, and undefined counts as absent', () => {
  checkOptions('serve', { port: 80, hostname: undefined }, known)
  checkOptions('serve', {}, known)
})

test('an unknown option is refused, with the nearest known name', () => {
  for (const [wrong, meant] of [
    ['prot', 'port'],
    ['hostName', 'hostname'],
    ['onmessage', 'message'],
    ['compresion', 'compression'],
  ] as const) {
    assert.throws(
      () => checkOptions('serve', { [wrong]: 1 }, known),
      (error) => {
        assert.ok(error instanceof RealtimeError)
        assert.equal(error.code, 'ERR_OPTION_UNKNOWN')
        assert.equal(error.side, 'local')
        assert.ok(error.message.includes(`'${wrong}'`) && error.message.includes(`'${meant}'`))
        return true
      },
    )
  }
})

test('an unknown option like no other is refused without a guess, also one of Object', () => {
  for (const wrong of ['zzz', 'toString', 'constructor']) {
    assert.throws(
      () => checkOptions('serve', { [wrong]: 1 }, { port: isAnything }),
      (error) => error instanceof RealtimeError && !error.message.includes('did you mean'),
    )
  }
})

test('a wrong value is refused by name, with what would be right', () => {
  assert.throws(
    () => checkOptions('serve', { port: '80' }, known),
    (error) => {
      assert.ok(error instanceof RealtimeError)
      assert.equal(error.code, 'ERR_OPTION_INVALID')
      assert.ok(error.message.includes("'port'") && error.message.includes('from 0 to 65535'))
      return true
    },
  )
  assert.equal(optionError('x').code, 'ERR_OPTION_INVALID')
})

test('the nearest name takes at most half of the letters', () => {
  assert.equal(nearestName('maxMessageByte', ['maxMessageBytes', 'maxFragments']), 'maxMessageBytes')
  assert.equal(nearestName('abcd', ['wxyz']), undefined)
  assert.equal(nearestName('abcd', ['abxy']), 'abxy')
  assert.equal(nearestName('abcd', ['axyz']), undefined)
  assert.equal(nearestName('abcd', []), undefined)
  assert.equal(nearestName('abcde', ['abcdx', 'abcdef', 'abcde']), 'abcde')
})
