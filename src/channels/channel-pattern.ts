import { optionError } from '../util/options.ts'

/** The named parts of a pattern, as text: `{ id: string }` for `room:{id}`. */
export type ParamsOf<Pattern extends string> = string extends Pattern
  ? Readonly<Record<string, string>>
  : Pattern extends `${string}{${infer Name}}${infer Rest}`
    ? { readonly [Key in Name]: string } & ParamsOf<Rest>
    : unknown

/** No real channel has a longer name. */
const maxNameLength = 256

/** Names of channels with named parts: `room:{id}` takes `room:1`. A part is one character or more, without `:`. */
export class ChannelPattern<Text extends string = string> {
  readonly text: Text
  readonly #expression: RegExp

  /** @throws {RealtimeError} `ERR_OPTION_INVALID` */
  constructor(text: Text) {
    const isWhole = /^([^{}]|\{[A-Za-z_]\w*\})+$/.test(text)
    const names = [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    if (!isWhole || text.length > maxNameLength || new Set(names).size < names.length) {
      throw optionError(`'${text}' is no pattern of channels; 'room:{id}' is one`)
    }
    const source = text.replace(/\{(\w+)\}|[^{}]+/g, (part, name?: string) =>
      name === undefined ? part.replace(/[\\^$.*+?()[\]|/-]/g, '\\$&') : `(?<${name}>[^:]+)`,
    )
    this.text = text
    this.#expression = new RegExp(`^${source}$`, 'u')
  }

  /** The named parts of `name`, or nothing where it is no name of this pattern. */
  match(name: string): Readonly<Record<string, string>> | undefined {
    // Topics of our own begin so: no client may get at them.
    if (name.length > maxNameLength || name.includes('\u0000')) return undefined
    const match = this.#expression.exec(name)
    return match === null ? undefined : { ...match.groups }
  }
}
