import type { StandardSchema } from '../../index.server.ts'

type Result<Output> = ReturnType<StandardSchema<unknown, Output>['~standard']['validate']>

/** A schema by hand: what a library such as zod makes, without one. */
function schema<Input, Output = Input>(
  validate: (value: unknown) => Result<Output>,
): StandardSchema<Input, Output> {
  return { '~standard': { version: 1, vendor: 'polyplex', validate } }
}

function wrong(
  message: string,
  ...path: readonly string[]
): { issues: { message: string; path: readonly string[] }[] } {
  return { issues: [{ message, path }] }
}

/** Control characters, and what turns the direction of the text around it. */
const invisible = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** A name people see: a line of 1 to `most` characters. */
export function nameOf(most: number): StandardSchema<string> {
  return schema((value) => {
    if (typeof value !== 'string') return wrong('A name is text')
    const name = value.trim()
    if (name === '' || [...name].length > most) return wrong(`A name has 1 to ${most} characters`)
    return invisible.test(name) ? wrong('A name has no invisible characters') : { value: name }
  })
}

/** An object of which one optional field counts, and none is too much. */
export function optional<Value>(
  field: string,
  of: StandardSchema<Value>,
): StandardSchema<unknown, Record<string, Value>> {
  return schema((value) => {
    const given = (value as Record<string, unknown> | null | undefined)?.[field]
    if (given === undefined || given === null) return { value: {} }
    const result = of['~standard'].validate(given) as Exclude<Result<Value>, Promise<unknown>>
    if (result.issues === undefined) return { value: { [field]: result.value } }
    return wrong(result.issues[0]?.message ?? '', field)
  })
}

/** What somebody says. `key` is the sender's own name for it: said again under the same one it is heard once. */
export interface Said {
  readonly text: string
  readonly key?: string | undefined
}

/** A bare text, or an object with one: clients without a library send the first. */
export function saidOf(mostCharacters: number): StandardSchema<string | Said, Said> {
  return schema<string | Said, Said>((value) => {
    const said = typeof value === 'string' ? { text: value } : value
    const { text, key } = (said ?? {}) as { readonly text?: unknown; readonly key?: unknown }
    if (typeof text !== 'string' || text.trim() === '') return wrong('There is no text', 'text')
    // Twice as many code units hold them at most; nobody's flood is counted character by character.
    const isLong = text.length > 2 * mostCharacters || [...text].length > mostCharacters
    if (isLong) return wrong(`A message has at most ${mostCharacters} characters`, 'text')
    if (key === undefined) return { value: { text } }
    return typeof key === 'string' && /^[\w-]{1,64}$/.test(key)
      ? { value: { text, key } }
      : wrong('A key is a word', 'key')
  })
}

/** A whole number from 1 on. */
export const ordinal: StandardSchema<number> = schema((value) =>
  Number.isSafeInteger(value) && (value as number) > 0
    ? { value: value as number }
    : wrong('A number from 1 on'),
)

/** What our own code makes, and nobody has to check. */
export function known<Value>(): StandardSchema<Value> {
  return schema((value) => ({ value: value as Value }))
}
