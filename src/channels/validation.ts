import { CallError } from '../errors.ts'
import type { SchemaIssue, SchemaResult, StandardSchema } from './standard-schema.ts'

/** What a value is for, so that an error can say it. */
export interface ValueFor {
  readonly code: 'ERR_INPUT' | 'ERR_OUTPUT'
  readonly channel: string
  readonly event?: string | undefined
}

/**
 * The value as its schema makes it: at once where the schema answers at once. Without a schema the value as it is.
 *
 * @throws {CallError} `ERR_INPUT` or `ERR_OUTPUT`, with the path of the first thing that does not fit
 */
export function validated(
  schema: StandardSchema | undefined,
  value: unknown,
  purpose: ValueFor,
): unknown | Promise<unknown> {
  if (schema === undefined) return value
  const result = schema['~standard'].validate(value)
  return result instanceof Promise
    ? result.then((later) => fitting(later, purpose))
    : fitting(result, purpose)
}

function fitting(result: SchemaResult<unknown>, purpose: ValueFor): unknown {
  if (result.issues === undefined) return result.value
  const [issue] = result.issues
  const path = issue === undefined ? [] : pathOf(issue)
  const message = issue?.message ?? 'The value does not fit its schema'
  const side = purpose.code === 'ERR_INPUT' ? 'remote' : 'local'
  const { code, channel, event } = purpose
  throw new CallError(code, { message, side, channel, event, path })
}

function pathOf({ path = [] }: SchemaIssue): (string | number)[] {
  return path.map((step) => {
    const key = typeof step === 'object' ? step.key : step
    return typeof key === 'symbol' ? String(key) : key
  })
}
