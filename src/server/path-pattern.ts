import { optionError } from '../util/options.ts'
import { percentDecoded } from '../util/percent-decoded.ts'

/**
 * A path with named parts: `/chat/:room` takes one segment as `room`, a `*` at the end takes the rest as `*`.
 * Segments are percent-decoded after matching, so that `%2F` never makes a new segment.
 */
export class PathPattern {
  readonly #segments: readonly string[]
  readonly #takesRest: boolean

  /** @throws {RealtimeError} `ERR_OPTION_INVALID` where the pattern does not begin with `/` or has `*` inside */
  constructor(pattern: string) {
    if (!pattern.startsWith('/')) throw optionError(`The path pattern '${pattern}' must begin with '/'`)
    const segments = pattern.slice(1).split('/')
    this.#takesRest = segments.at(-1) === '*'
    if (this.#takesRest) segments.pop()
    if (segments.some((segment) => segment.includes('*'))) {
      throw optionError(`The path pattern '${pattern}' may have '*' only as its last segment`)
    }
    this.#segments = segments
  }

  /** The named parts of `path`, or `undefined` where it does not match. */
  match(path: string): Record<string, string> | undefined {
    const segments = path.slice(1).split('/')
    const length = this.#segments.length
    if (this.#takesRest ? segments.length < length + 1 : segments.length !== length) return undefined
    const parts: Record<string, string> = {}
    for (let index = 0; index < length; index++) {
      const wanted = this.#segments[index] as string
      const segment = segments[index] as string
      if (wanted.startsWith(':')) {
        if (segment === '') return undefined
        parts[wanted.slice(1)] = percentDecoded(segment)
      } else if (wanted !== segment) return undefined
    }
    if (this.#takesRest) parts['*'] = segments.slice(length).map(percentDecoded).join('/')
    return parts
  }
}
