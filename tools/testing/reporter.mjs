// A reporter for node:test: one line of JSON per test, for `files.mjs` to read.
import { inspect } from 'node:util'

/**
 * @typedef {object} TestLine
 * @property {string[]} title    the titles of the suites around it, and its own
 * @property {'passed' | 'failed' | 'skipped'} result
 * @property {string} [detail]   why it failed or was skipped
 */

/** @param {AsyncIterable<{ type: string, data: any }>} events */
export default async function* report(events) {
  /** @type {string[]} */
  const path = []
  let previousNesting = 0
  for await (const { type, data } of events) {
    if (type === 'test:start') {
      path.length = data.nesting
      path[data.nesting] = data.name
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue
    const holdsOthers = previousNesting > data.nesting || data.details?.type === 'suite'
    previousNesting = data.nesting
    const title = [...path.slice(0, data.nesting), data.name]
    const error = data.details?.error
    if (type === 'test:fail' && data.todo === undefined) {
      if (error?.failureType === 'subtestsFailed') continue
      const cause = error?.cause ?? error
      yield line({ title, result: 'failed', detail: describe(cause) })
    } else if (data.skip !== undefined || data.todo !== undefined) {
      const reason = data.skip ?? data.todo
      yield line({
        title,
        result: 'skipped',
        detail: typeof reason === 'string' && reason !== '' ? reason : 'no reason given',
      })
    } else if (!holdsOthers) {
      yield line({ title, result: 'passed' })
    }
  }
}

/** An error with the part of its stack that is ours. */
const describe = (/** @type {unknown} */ cause) =>
  cause instanceof Error
    ? inspect(cause).replace(/\n +at .*node:(internal|async_hooks).*?(?= \{$|$)/gm, '')
    : String(cause)

const line = (/** @type {TestLine} */ test) => `${JSON.stringify(test)}\n`
