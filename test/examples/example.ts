import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { root } from '../../tools/project.mjs'

/** Loads an example as it stands in the checkout, beside its other files, and not its compiled copy. */
export async function load(name: string, file = 'server.mjs'): Promise<unknown> {
  return import(pathToFileURL(join(root, 'examples', name, file)).href)
}

/** Closes a server at the end of the test. */
export function closing<Running extends { close(): Promise<void> }>(
  t: TestContext,
  server: Running,
): Running {
  t.after(() => server.close())
  return server
}
