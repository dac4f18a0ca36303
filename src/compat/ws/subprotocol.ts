import { isToken } from '../../protocol/header-values.ts'

/**
 * The names in a `Sec-WebSocket-Protocol` header, in its order.
 *
 * @throws {SyntaxError} where it is not a list of different tokens
 */
export function parse(header: string): Set<string> {
  const protocols = new Set<string>()
  let at = 0
  for (const part of header.split(',')) {
    const name = part.replace(/[ \t]+$/, '').replace(at === 0 ? /^$/ : /^[ \t]+/, '')
    const end = at + part.length
    if (!isToken(name)) throw unexpected(header, at, part, end)
    if (protocols.has(name)) throw new SyntaxError(`The "${name}" subprotocol is duplicated`)
    protocols.add(name)
    at = end + 1
  }
  if (/[ \t]$/.test(header)) throw new SyntaxError('Unexpected end of input')
  return protocols
}

function unexpected(header: string, start: number, part: string, end: number): SyntaxError {
  // The first character that no token and no blank around it can have.
  const wrong = /^(?:[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]*[ \t]*)/.exec(part)?.[0].length ?? 0
  const at = start === 0 && /^[ \t]/.test(part) ? 0 : start + wrong
  return at >= header.length || (at === end && end === header.length)
    ? new SyntaxError('Unexpected end of input')
    : new SyntaxError(`Unexpected character at index ${at}`)
}
