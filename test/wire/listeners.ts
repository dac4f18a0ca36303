import { type TestContext, test } from 'node:test'
import type { ServeOptions } from '../../src/server/index.ts'
import { certificate } from './certificate.ts'

/** The ways in which a server takes connections; what it does with them must be the same. */
export const listeners = [
  { name: 'raw handles', options: {} },
  { name: 'sockets', options: { rawHandles: false } },
  { name: 'TLS', options: { tls: certificate } },
] as const satisfies { name: string; options: ServeOptions<never> }[]

export type ListenerOptions = (typeof listeners)[number]['options']

/** The same test for each of them. */
export function testEach(
  title: string,
  check: (options: ListenerOptions, context: TestContext) => Promise<void>,
): void {
  for (const { name, options } of listeners) {
    test(`${title} (${name})`, (context) => check(options, context))
  }
}
