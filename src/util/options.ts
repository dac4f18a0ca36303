import { RealtimeError } from '../errors.ts'

/** Checks one option's value; answers what would be right, in words, or `undefined` when it is. */
export type OptionRule = (value: unknown) => string | undefined

export const isBoolean: OptionRule = (value) => (typeof value === 'boolean' ? undefined : 'true or false')
export const isString: OptionRule = (value) => (typeof value === 'string' ? undefined : 'a string')
export const isFunction: OptionRule = (value) => (typeof value === 'function' ? undefined : 'a function')
export const isObject: OptionRule = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : 'an object'
export const isAnything: OptionRule = () => undefined
export const isStrings: OptionRule = (value) =>
  Array.isArray(value) && value.every((one) => typeof one === 'string') ? undefined : 'an array of strings'

/** A whole number of at least `least`. */
export function isAtLeast(least: number): OptionRule {
  return (value) =>
    Number.isSafeInteger(value) && (value as number) >= least
      ? undefined
      : `a whole number of at least ${least}`
}

/** A whole number from `least` to `most`; `Infinity` is welcome where `most` is. */
export function isCount(least: number, most: number = Number.MAX_SAFE_INTEGER): OptionRule {
  return (value) =>
    typeof value === 'number' &&
    (Number.isInteger(value) || value === Number.POSITIVE_INFINITY) &&
    value >= least &&
    value <= most
      ? undefined
      : most === Number.POSITIVE_INFINITY || most === Number.MAX_SAFE_INTEGER
        ? `a whole number of at least ${least}`
        : `a whole number from ${least} to ${most}`
}

export function isOneOf(...values: readonly string[]): OptionRule {
  return (value) =>
    values.includes(value as string) ? undefined : values.map((one) => `'${one}'`).join(' or ')
}

export function isEither(...rules: readonly OptionRule[]): OptionRule {
  return (value) => {
    const wanted = rules.map((rule) => rule(value))
    return wanted.includes(undefined) ? undefined : wanted.join(', or ')
  }
}

/**
 * Refuses unknown keys, naming the nearest known one, and wrong values, naming what would be right.
 * `undefined` counts as absent.
 *
 * @throws {RealtimeError} `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`
 */
export function checkOptions(
  what: string,
  options: object,
  rules: Readonly<Record<string, OptionRule>>,
): void {
  checkEachOption(what, options, rules, (name, names) => {
    const nearest = nearestName(name, names)
    return nearest === undefined ? '' : `; did you mean '${nearest}'?`
  })
}

/** As `checkOptions`; `hint` is what the message says of an unknown name. For pages, which carry every line to their visitors. */
export function checkEachOption(
  what: string,
  options: object,
  rules: Readonly<Record<string, OptionRule>>,
  hint: (name: string, names: readonly string[]) => string,
): void {
  for (const [key, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined
    if (rule === undefined) {
      throw new RealtimeError('ERR_OPTION_UNKNOWN', {
        side: 'local',
        message: `${what} has no option '${key}'${hint(key, Object.keys(rules))}`,
      })
    }
    if (value === undefined) continue
    const wanted = rule(value)
    if (wanted) throw optionError(`${what}: option '${key}' must be ${wanted}`)
  }
}

/** An `ERR_OPTION_INVALID` of ours. */
export function optionError(message: string): RealtimeError {
  return new RealtimeError('ERR_OPTION_INVALID', { side: 'local', message })
}

/** The name that has `name` in it or is in it, or else the one with the fewest edits, at most half of its letters. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let fewest = Math.floor(name.length / 2) + 1
  for (const candidate of names) {
    const [a, b] = [name.toLowerCase(), candidate.toLowerCase()]
    const isPart = Math.min(a.length, b.length) > 2 && (a.includes(b) || b.includes(a))
    const edits = Math.min(editDistance(a, b), isPart ? 1.5 : Number.POSITIVE_INFINITY)
    if (edits < fewest) {
      fewest = edits
      best = candidate
    }
  }
  return best
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwap ? (before[j - 2] as number) + 1 : replaced
      next.push(Math.min(replaced, swapped, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    before = row
    row = next
  }
  return row[b.length] as number
}
