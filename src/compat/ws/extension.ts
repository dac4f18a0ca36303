import { tokenAt } from '../../protocol/header-values.ts'

/** Values of one parameter: `true` where it has none. */
export type ParameterValues = Record<string, (string | true)[]>
/** Parameters as `format` takes them: one value or many. */
export type Parameters = Record<string, string | number | boolean | readonly (string | number | boolean)[]>

/** The extensions of a `Sec-WebSocket-Extensions` header: for each name its offers, in their order. */
export type Offers = Record<string, ParameterValues[]>

/**
 * Reads a `Sec-WebSocket-Extensions` header.
 *
 * @throws {SyntaxError} where it breaks the grammar of RFC 6455 §9.1, with the index of the first wrong character
 */
export function parse(header: string): Offers {
  const offers: Offers = Object.create(null) as Offers
  const reader = new Reader(header)
  do {
    const name = reader.token()
    const parameters = Object.create(null) as ParameterValues
    while (reader.take(';')) {
      reader.skipBlanks()
      const [parameter, value] = reader.parameter()
      parameters[parameter] ??= []
      parameters[parameter].push(value)
    }
    offers[name] ??= []
    offers[name].push(parameters)
  } while (reader.next())
  return offers
}

/** The header value for `extensions`: by name, the parameters of one offer or of many. */
export function format(extensions: Record<string, Parameters | readonly Parameters[]>): string {
  return Object.entries(extensions)
    .flatMap(([name, offers]) =>
      [offers].flat().map((offer) => [name, ...formatted(offer as Parameters)].join('; ')),
    )
    .join(', ')
}

function formatted(parameters: Parameters): string[] {
  return Object.entries(parameters).flatMap(([name, values]) =>
    [values].flat().map((value) => (value === true ? name : `${name}=${value}`)),
  )
}

class Reader {
  readonly #text: string
  #at = 0
  /** Whether blanks were skipped last: the text must not end with them. */
  #blank = false

  constructor(text: string) {
    this.#text = text
  }

  skipBlanks(): void {
    const from = this.#at
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at += 1
    this.#blank = this.#at > from
  }

  take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at += 1
    return true
  }

  token(): string {
    const token = this.#value()
    this.skipBlanks()
    return token
  }

  parameter(): [name: string, value: string | true] {
    const name = this.#value()
    if (this.take('=')) {
      const value = this.take('"') ? this.#quoted() : this.#value()
      this.skipBlanks()
      return [name, value]
    }
    this.skipBlanks()
    return [name, true]
  }

  #value(): string {
    const value = tokenAt(this.#text, this.#at)
    if (value === '') throw this.#unexpected()
    this.#at += value.length
    return value
  }

  /** Whether another extension follows; what else follows is wrong. */
  next(): boolean {
    if (this.take(',')) {
      this.skipBlanks()
      return true
    }
    if (this.#at < this.#text.length || this.#blank) throw this.#unexpected()
    return false
  }

  /** A quoted string holds a token, after unescaping. */
  #quoted(): string {
    let content = ''
    for (;;) {
      if (content !== '' && this.take('"')) return content
      this.take('\\')
      const character = tokenAt(this.#text, this.#at).charAt(0)
      if (character === '') throw this.#unexpected()
      content += character
      this.#at += 1
    }
  }

  #unexpected(): SyntaxError {
    return this.#at >= this.#text.length
      ? new SyntaxError('Unexpected end of input')
      : new SyntaxError(`Unexpected character at index ${this.#at}`)
  }
}
