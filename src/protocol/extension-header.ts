import { isToken, tokenAt } from './header-values.ts'

/** One extension with its parameters, as offered or accepted (RFC 6455 §9.1). A parameter may have no value. */
export interface Extension {
  readonly name: string
  readonly parameters: ReadonlyArray<readonly [name: string, value: string | undefined]>
}

/**
 * Reads `Sec-WebSocket-Extensions` (RFC 6455 §9.1): a list of extensions, each with parameters whose values are
 * tokens or quoted strings that hold a token. Answers `undefined` where the value breaks that grammar.
 */
export function parseExtensions(value: string): Extension[] | undefined {
  const extensions: Extension[] = []
  const scanner = new Scanner(value)
  for (;;) {
    scanner.skipBlanks()
    if (scanner.take(',')) continue
    if (scanner.atEnd) return extensions
    const name = scanner.token()
    if (name === undefined) return undefined
    const parameters: [string, string | undefined][] = []
    scanner.skipBlanks()
    while (scanner.take(';')) {
      scanner.skipBlanks()
      const parameter = scanner.token()
      if (parameter === undefined) return undefined
      scanner.skipBlanks()
      let parameterValue: string | undefined
      if (scanner.take('=')) {
        scanner.skipBlanks()
        parameterValue = scanner.tokenOrQuoted()
        if (parameterValue === undefined) return undefined
        scanner.skipBlanks()
      }
      parameters.push([parameter, parameterValue])
    }
    extensions.push({ name, parameters })
    if (!scanner.atEnd && !scanner.take(',')) return undefined
  }
}

/** The header value that `parseExtensions` reads back as `extensions`. */
export function formatExtensions(extensions: readonly Extension[]): string {
  return extensions
    .map(({ name, parameters }) =>
      [name, ...parameters.map(([key, value]) => (value === undefined ? key : `${key}=${value}`))].join('; '),
    )
    .join(', ')
}

class Scanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length
  }

  skipBlanks(): void {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at += 1
  }

  take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at += 1
    return true
  }

  token(): string | undefined {
    const token = tokenAt(this.#text, this.#at)
    this.#at += token.length
    return token === '' ? undefined : token
  }

  /** A token, or a quoted string whose content, unescaped, is one (§9.1). */
  tokenOrQuoted(): string | undefined {
    if (!this.take('"')) return this.token()
    let content = ''
    while (!this.atEnd) {
      if (this.take('"')) return isToken(content) ? content : undefined
      this.take('\\')
      // Behind a backslash at the very end there is nothing: `#at` passes the end then.
      content += this.#text.charAt(this.#at)
      this.#at += 1
    }
    return undefined
  }
}
