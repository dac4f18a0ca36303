import { test } from 'node:test'
import { native } from '../../src/dialects/native/index.ts'
import { plain } from '../../src/dialects/plain/index.ts'
import { testContract } from '../../src/testing/contract.ts'
import { type DialectSubject, dialectContract } from '../../src/testing/dialect-contract.ts'
import { joinEventStream, joinNative, joinPlainSocket } from './dialect-clients.ts'

const subjects: readonly [name: string, subject: () => DialectSubject][] = [
  ['native', () => ({ dialect: native(), join: joinNative })],
  ['plain, over a WebSocket', () => ({ dialect: plain(), join: joinPlainSocket })],
  ['plain, over an event stream', () => ({ dialect: plain(), join: joinEventStream })],
]

for (const [name, subject] of subjects) {
  testContract((title, check) => test(`${name}: ${title}`, check), dialectContract, subject)
}
