import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Extension, formatExtensions, parseExtensions } from '../../src/protocol/index.ts'

/** Extensions as short text: name; key; key=value. */
function brief(extensions: readonly Extension[] | undefined): string[] | undefined {
  return extensions?.map(({ name, parameters }) =>
    [name, ...parameters.map(([key, value]) => (value === undefined ? key : `${key}=${value}`))].join(';'),
  )
}

const readable: readonly [header: string, read: string[]][] = [
  ['', []],
  [' \t', []],
  [',', []],
  [' , ,', []],
  ['foo', ['foo']],
  [' foo ', ['foo']],
  ['foo,bar', ['foo', 'bar']],
  ['foo , bar', ['foo', 'bar']],
  [',foo,,bar,', ['foo', 'bar']],
  ['foo, foo', ['foo', 'foo']],
  ['foo;x', ['foo;x']],
  ['foo ; x ; y', ['foo;x;y']],
  ['foo;x=1', ['foo;x=1']],
  ['foo; x = 1 ; y= 2', ['foo;x=1;y=2']],
  ['foo;x;x', ['foo;x;x']],
  ['foo;x="1"', ['foo;x=1']],
  ['foo;x= "abc" ;y', ['foo;x=abc;y']],
  ['foo;x="a\\bc"', ['foo;x=abc']],
  ['Foo;X=Y', ['Foo;X=Y']],
  ["!#$%&'*+-.^_`|~09azAZ", ["!#$%&'*+-.^_`|~09azAZ"]],
  [
    'permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate',
    ['permessage-deflate;client_max_window_bits;server_max_window_bits=10', 'permessage-deflate'],
  ],
]

for (const [header, read] of readable) {
  test(`§9.1 reads ${JSON.stringify(header)}`, () => {
    assert.deepEqual(brief(parseExtensions(header)), read)
  })
}

const broken = [
  'foo bar',
  'foo;',
  'foo;,bar',
  ';foo',
  'foo;;x',
  'foo;x=',
  'foo;x= ,bar',
  'foo;=1',
  'foo=1',
  'foo;x=1 2',
  'foo;x="',
  'foo;x="abc',
  'foo;x=""',
  'foo;x="a b"',
  'foo;x="a,b"',
  'foo;x="a\\"b"',
  'foo;x="abc\\',
  'foo;x="abc"d',
  'foo;x="a"="b"',
  '"foo"',
  'f(oo',
  'foo/1',
  'fö',
  'foo\r\n',
  'foo\0',
  '@',
  '=',
]

for (const header of broken) {
  test(`§9.1 refuses ${JSON.stringify(header)}`, () => {
    assert.equal(parseExtensions(header), undefined)
  })
}

const token = fc.string({
  unit: fc.constantFrom(..."!#$%&'*+-.^_`|~0123456789abcxyzABCXYZ"),
  minLength: 1,
  maxLength: 12,
  size: 'max',
})
const extension: fc.Arbitrary<Extension> = fc
  .tuple(token, fc.array(fc.tuple(token, fc.option(token, { nil: undefined })), { maxLength: 4 }))
  .map(([name, parameters]) => ({ name, parameters }))

test('§9.1 what is written is read back the same', () => {
  fc.assert(
    fc.property(fc.array(extension, { maxLength: 4 }), (extensions) => {
      assert.deepEqual(parseExtensions(formatExtensions(extensions)), extensions)
    }),
    { numRuns: 300, seed: 4 },
  )
})

test('§9.1 white space, empty members and quotes change nothing', () => {
  const blanks = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 3 })
  fc.assert(
    fc.property(fc.array(extension, { maxLength: 3 }), fc.infiniteStream(blanks), (extensions, stream) => {
      const blank = () => stream.next().value as string
      const quote = (value: string) =>
        blank().length === 1
          ? `"${[...value].map((one) => (blank().length === 2 ? `\\${one}` : one)).join('')}"`
          : value
      const text = extensions
        .map(({ name, parameters }) =>
          [
            name,
            ...parameters.map(([key, value]) =>
              value === undefined ? key : `${key}${blank()}=${blank()}${quote(value)}`,
            ),
          ].join(`${blank()};${blank()}`),
        )
        .map((one) => `${blank()}${one}${blank()}`)
        .join(blank().length > 1 ? ',,' : ',')
      assert.deepEqual(parseExtensions(`${blank()}${text}${blank()}`), extensions)
    }),
    { numRuns: 300, seed: 5 },
  )
})

test('§9.1 any text is read or refused, never more', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'ab1;=,"\\ \t()é\r\n'), maxLength: 40, size: 'max' }),
      (text) => {
        const extensions = parseExtensions(text)
        if (extensions !== undefined)
          assert.deepEqual(parseExtensions(formatExtensions(extensions)), extensions)
      },
    ),
    { numRuns: 1000, seed: 6 },
  )
})
