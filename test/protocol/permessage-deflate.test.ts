import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  acceptCompression,
  type CompressionOptions,
  confirmCompression,
  defaultCompression,
  type Extension,
  formatExtensions,
  offerCompression,
  parseExtensions,
} from '../../src/protocol/index.ts'
import { compressionRules } from '../../src/protocol/permessage-deflate.ts'
import { checkOptions } from '../../src/util/options.ts'

const roomy = { ...defaultCompression, serverContextTakeover: true, clientContextTakeover: true }

/** What a server with `options` answers to the offers in `header`; `none` where it declines them all. */
function answerTo(header: string, options: Partial<CompressionOptions> = {}): string {
  const offers = parseExtensions(header)
  assert.ok(offers !== undefined, 'the offer is well-formed')
  const accepted = acceptCompression(offers, { ...roomy, ...options })
  return accepted === undefined ? 'none' : formatExtensions([accepted.response])
}

const D = 'permessage-deflate'

/** What is offered, what the server wants, what it answers. */
const answers: readonly [
  section: string,
  offer: string,
  wanted: Partial<CompressionOptions>,
  answer: string,
][] = [
  ['§7.1', D, {}, D],
  ['§7.1', 'something-else', {}, 'none'],
  ['§7.1', `something-else, ${D}`, {}, D],
  ['§7.1', 'x-webkit-deflate-frame', {}, 'none'],
  ['§7.1', 'Permessage-Deflate', {}, 'none'],

  ['§7.1.1.1', `${D}; server_no_context_takeover`, {}, `${D}; server_no_context_takeover`],
  ['§7.1.1.1', D, { serverContextTakeover: false }, `${D}; server_no_context_takeover`],
  ['§7.1.1.1', `${D}; server_no_context_takeover=1`, {}, 'none'],
  ['§7.1.1.2', `${D}; client_no_context_takeover`, {}, `${D}; client_no_context_takeover`],
  ['§7.1.1.2', D, { clientContextTakeover: false }, `${D}; client_no_context_takeover`],
  ['§7.1.1.2', `${D}; client_no_context_takeover=true`, {}, 'none'],

  ['§7.1.2.1', `${D}; server_max_window_bits=8`, {}, `${D}; server_max_window_bits=8`],
  ['§7.1.2.1', `${D}; server_max_window_bits=10`, {}, `${D}; server_max_window_bits=10`],
  ['§7.1.2.1', `${D}; server_max_window_bits=15`, {}, `${D}; server_max_window_bits=15`],
  [
    '§7.1.2.1',
    `${D}; server_max_window_bits=10`,
    { serverMaxWindowBits: 9 },
    `${D}; server_max_window_bits=9`,
  ],
  [
    '§7.1.2.1',
    `${D}; server_max_window_bits=10`,
    { serverMaxWindowBits: 12 },
    `${D}; server_max_window_bits=10`,
  ],
  ['§7.1.2.1', D, { serverMaxWindowBits: 12 }, `${D}; server_max_window_bits=12`],
  ['§7.1.2.1', `${D}; server_max_window_bits="11"`, {}, `${D}; server_max_window_bits=11`],

  ['§7.1.2.2', `${D}; client_max_window_bits`, {}, D],
  [
    '§7.1.2.2',
    `${D}; client_max_window_bits`,
    { clientMaxWindowBits: 10 },
    `${D}; client_max_window_bits=10`,
  ],
  [
    '§7.1.2.2',
    `${D}; client_max_window_bits=12`,
    { clientMaxWindowBits: 10 },
    `${D}; client_max_window_bits=10`,
  ],
  [
    '§7.1.2.2',
    `${D}; client_max_window_bits=9`,
    { clientMaxWindowBits: 10 },
    `${D}; client_max_window_bits=9`,
  ],
  ['§7.1.2.2', `${D}; client_max_window_bits=15`, {}, D],
  // A client that does not say that it understands the parameter must not be sent it.
  ['§7.1.2.2', D, { clientMaxWindowBits: 10 }, D],

  ['§7.1', `${D}; unknown`, {}, 'none'],
  ['§7.1', `${D}; unknown=3`, {}, 'none'],
  ['§7.1', `${D}; Server_no_context_takeover`, {}, 'none'],
  ['§7.1', `${D}; server_no_context_takeover; server_no_context_takeover`, {}, 'none'],
  ['§7.1', `${D}; client_max_window_bits; client_max_window_bits=10`, {}, 'none'],

  ['§5.1', `${D}; unknown, ${D}; server_max_window_bits=9, ${D}`, {}, `${D}; server_max_window_bits=9`],
  ['§5.1', `${D}; server_max_window_bits=99, ${D}; client_max_window_bits=7, ${D}`, {}, D],
  ['§5.1', `${D}, ${D}; server_no_context_takeover`, {}, D],
  [
    '§7.1',
    `${D}; client_no_context_takeover; server_max_window_bits=9; server_no_context_takeover; client_max_window_bits=8`,
    {},
    `${D}; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=8`,
  ],
]

for (const [section, offer, wanted, answer] of answers) {
  test(`RFC 7692 ${section} server with ${JSON.stringify(wanted)} answers ${offer} with ${answer}`, () => {
    assert.equal(answerTo(offer, wanted), answer)
  })
}

const badWindowBits = ['=7', '=16', '=0', '=-8', '=010', '=08', '=8.0', '=1e1', '=+9', '=ten', '=150', '=0x9']

test('RFC 7692 §7.1.2 server declines window bits other than 8 to 15, as digits without a leading zero', () => {
  for (const value of badWindowBits) {
    for (const side of ['server', 'client']) {
      assert.equal(answerTo(`${D}; ${side}_max_window_bits${value}, x-other`), 'none')
    }
  }
  assert.equal(answerTo(`${D}; server_max_window_bits`), 'none')
})

const offers: readonly [wanted: Partial<CompressionOptions>, offer: string][] = [
  [{}, `${D}; client_max_window_bits`],
  [{ serverContextTakeover: false }, `${D}; server_no_context_takeover; client_max_window_bits`],
  [{ clientContextTakeover: false }, `${D}; client_no_context_takeover; client_max_window_bits`],
  [{ serverMaxWindowBits: 8 }, `${D}; server_max_window_bits=8; client_max_window_bits`],
  [{ clientMaxWindowBits: 14 }, `${D}; client_max_window_bits=14`],
]

for (const [wanted, offer] of offers) {
  test(`RFC 7692 §7.1 client with ${JSON.stringify(wanted)} offers ${offer}`, () => {
    assert.equal(formatExtensions([offerCompression({ ...roomy, ...wanted })]), offer)
  })
}

/** What the server answered, what the client wanted, what it makes of it; `undefined` for an answer not allowed. */
const confirmations: readonly [
  section: string,
  answer: string,
  wanted: Partial<CompressionOptions>,
  agreed: { server: string; client: string } | undefined,
][] = [
  ['§7.1', D, {}, { server: '15 keeps', client: '15 keeps' }],
  ['§7.1', 'x-other', {}, undefined],
  ['§7.1', `${D}; unknown`, {}, undefined],
  ['§7.1', `${D}; server_no_context_takeover; server_no_context_takeover`, {}, undefined],
  ['§7.1.1.1', `${D}; server_no_context_takeover`, {}, { server: '15', client: '15 keeps' }],
  ['§7.1.1.1', D, { serverContextTakeover: false }, undefined],
  ['§7.1.1.1', `${D}; server_no_context_takeover=yes`, {}, undefined],
  ['§7.1.1.2', `${D}; client_no_context_takeover`, {}, { server: '15 keeps', client: '15' }],
  ['§7.1.1.2', D, { clientContextTakeover: false }, { server: '15 keeps', client: '15' }],
  ['§7.1.1.2', `${D}; client_no_context_takeover=1`, {}, undefined],
  ['§7.1.2.1', `${D}; server_max_window_bits=8`, {}, { server: '8 keeps', client: '15 keeps' }],
  [
    '§7.1.2.1',
    `${D}; server_max_window_bits=10`,
    { serverMaxWindowBits: 10 },
    { server: '10 keeps', client: '15 keeps' },
  ],
  [
    '§7.1.2.1',
    `${D}; server_max_window_bits=9`,
    { serverMaxWindowBits: 10 },
    { server: '9 keeps', client: '15 keeps' },
  ],
  ['§7.1.2.1', `${D}; server_max_window_bits=11`, { serverMaxWindowBits: 10 }, undefined],
  ['§7.1.2.1', D, { serverMaxWindowBits: 10 }, undefined],
  ['§7.1.2.1', `${D}; server_max_window_bits`, {}, undefined],
  ['§7.1.2.1', `${D}; server_max_window_bits=16`, {}, undefined],
  ['§7.1.2.2', `${D}; client_max_window_bits=9`, {}, { server: '15 keeps', client: '9 keeps' }],
  [
    '§7.1.2.2',
    `${D}; client_max_window_bits=9`,
    { clientMaxWindowBits: 10 },
    { server: '15 keeps', client: '9 keeps' },
  ],
  ['§7.1.2.2', `${D}; client_max_window_bits=11`, { clientMaxWindowBits: 10 }, undefined],
  ['§7.1.2.2', D, { clientMaxWindowBits: 10 }, { server: '15 keeps', client: '10 keeps' }],
  ['§7.1.2.2', `${D}; client_max_window_bits`, {}, undefined],
  ['§7.1.2.2', `${D}; client_max_window_bits=7`, {}, undefined],
]

for (const [section, answer, wanted, agreed] of confirmations) {
  const verdict = agreed === undefined ? 'refuses' : 'takes'
  test(`RFC 7692 ${section} client with ${JSON.stringify(wanted)} ${verdict} ${answer}`, () => {
    const [extension] = parseExtensions(answer) as [Extension]
    const confirmed = confirmCompression(extension, { ...roomy, ...wanted })
    const told = confirmed && {
      server: `${confirmed.serverWindowBits}${confirmed.serverContextTakeover ? ' keeps' : ''}`,
      client: `${confirmed.clientWindowBits}${confirmed.clientContextTakeover ? ' keeps' : ''}`,
    }
    assert.deepEqual(told, agreed)
  })
}

export const compressionOptions: fc.Arbitrary<CompressionOptions> = fc.record({
  thresholdBytes: fc.constantFrom(0, 10, 256),
  serverContextTakeover: fc.boolean(),
  clientContextTakeover: fc.boolean(),
  serverMaxWindowBits: fc.integer({ min: 8, max: 15 }),
  clientMaxWindowBits: fc.integer({ min: 8, max: 15 }),
  level: fc.integer({ min: 1, max: 9 }),
})

test('RFC 7692 §7.1 client and server of any two wishes agree on the same, within both', () => {
  fc.assert(
    fc.property(compressionOptions, compressionOptions, (client, server) => {
      const header = formatExtensions([offerCompression(client)])
      const accepted = acceptCompression(parseExtensions(header) ?? [], server)
      assert.ok(accepted !== undefined)
      const [answer] = parseExtensions(formatExtensions([accepted.response])) as [Extension]
      const confirmed = confirmCompression(answer, client)
      assert.deepEqual(confirmed, accepted.agreed)
      assert.ok(
        accepted.agreed.serverWindowBits <= Math.min(client.serverMaxWindowBits, server.serverMaxWindowBits),
      )
      assert.ok(
        accepted.agreed.clientWindowBits <= Math.min(client.clientMaxWindowBits, server.clientMaxWindowBits),
      )
    }),
    { numRuns: 300, seed: 7 },
  )
})

test('options of compression are checked by name and range', () => {
  checkOptions('compression', defaultCompression, compressionRules)
  for (const wrong of [
    { thresholdBytes: -1 },
    { serverContextTakeover: 1 },
    { clientContextTakeover: 'no' },
    { serverMaxWindowBits: 7 },
    { serverMaxWindowBits: 16 },
    { clientMaxWindowBits: 9.5 },
    { level: 0 },
    { level: 10 },
  ]) {
    assert.throws(() => checkOptions('compression', wrong, compressionRules), { code: 'ERR_OPTION_INVALID' })
  }
})
