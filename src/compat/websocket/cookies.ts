import { isToken } from '../../protocol/header-values.ts'
import { percentDecoded } from '../../util/percent-decoded.ts'

/** A cookie that was received (name and value), or one to set (RFC 6265 §4.1). */
export interface ICookie {
  name: string
  value: string
  path?: string | undefined
  domain?: string | undefined
  expires?: Date | undefined
  /** In seconds. */
  maxage?: number | undefined
  secure?: boolean | undefined
  httponly?: boolean | undefined
}

/** The cookies of a `Cookie` field. One without `=` has the value null; what cannot be decoded stays as it is. */
export function readCookies(field: string | undefined): ICookie[] {
  if (typeof field !== 'string' || field === '') return []
  return field.split(/[;,] */).map((pair) => {
    const equals = pair.indexOf('=')
    if (equals < 0) return { name: pair, value: null as unknown as string }
    const raw = pair.slice(equals + 1).trim()
    const value = raw.startsWith('"') ? raw.slice(1, -1) : raw
    return { name: pair.slice(0, equals).trim(), value: percentDecoded(value) }
  })
}

/** What must not reach a header field: controls, blanks, and the end of the cookie. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
const controls = /[\x00-\x20;]/g
/** `cookie-octet` of RFC 6265 §4.1.1. */
const isValue = /^[!#-+\--:<-[\]-~]*$/

/**
 * The values of the `Set-Cookie` fields that set `cookies`.
 *
 * @throws {Error} that says what is wrong with them
 */
export function writeCookies(cookies: readonly ICookie[]): string[] {
  if (!Array.isArray(cookies)) throw new Error('Value supplied for "cookies" argument must be an array.')
  const names = new Set<string>()
  return cookies.map((cookie) => {
    if (!cookie.name || !cookie.value)
      throw new Error('Each cookie to set must at least provide a "name" and "value"')
    const name = cookie.name.replace(controls, '')
    const value = cookie.value.replace(controls, '')
    if (names.has(name)) throw new Error('You may not specify the same cookie name twice.')
    names.add(name)
    if (!isToken(name)) throw illegal(name, isToken, 'name')
    const bare = /^"[^"]*"$/.test(value) ? value.slice(1, -1) : value
    if (!isValue.test(bare)) throw illegal(bare, (character) => isValue.test(character), 'value')
    return [`${name}=${value}`, ...attributesOf(cookie)].join(';')
  })
}

function attributesOf({ path, domain, expires, maxage, secure, httponly }: ICookie): string[] {
  const attributes: string[] = []
  if (path) {
    const wrong = path.match(controls)
    if (wrong !== null) throw new Error(`Illegal character ${wrong[0]} in cookie path`)
    attributes.push(`Path=${path}`)
  }
  if (domain) {
    if (typeof domain !== 'string' || domain.match(controls) !== null)
      throw new Error('Domain must be specified and must be a string.')
    attributes.push(`Domain=${domain.toLowerCase()}`)
  }
  if (expires) {
    if (!(expires instanceof Date))
      throw new Error('Value supplied for cookie "expires" must be a valid date object')
    attributes.push(`Expires=${expires.toUTCString()}`)
  }
  if (maxage) {
    const seconds = Math.round(Number(maxage))
    if (!(seconds > 0)) throw new Error('Value supplied for cookie "maxage" must be a non-zero number')
    attributes.push(`Max-Age=${seconds}`)
  }
  if (secure) attributes.push(flag('secure', secure, 'Secure'))
  if (httponly) attributes.push(flag('httponly', httponly, 'HttpOnly'))
  return attributes
}

function flag(name: string, value: unknown, attribute: string): string {
  if (typeof value !== 'boolean')
    throw new Error(`Value supplied for cookie "${name}" must be of type boolean`)
  return attribute
}

function illegal(text: string, isFine: (character: string) => boolean, part: string): Error {
  const character = [...text].find((one) => !isFine(one)) ?? ''
  return new Error(`Illegal character ${character} in cookie ${part}`)
}
