/** Grammar shared by HTTP header values (RFC 9110 §5.6). */

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const tokenHere = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y

/** Whether `text` is a token (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return token.test(text)
}

/** The longest token that begins at `text[at]`; empty where none does. */
export function tokenAt(text: string, at: number): string {
  tokenHere.lastIndex = at
  return tokenHere.exec(text)?.[0] ?? ''
}

/** The members of a comma-separated list; empty members are ignored (RFC 9110 §5.6.1.2). No quoting inside. */
export function listMembers(value: string): string[] {
  const members: string[] = []
  for (const part of value.split(',')) {
    const member = trimBlanks(part)
    if (member !== '') members.push(member)
  }
  return members
}

/** Whether the list `value` has the member `name` (lower case), whatever its case. */
export function listHas(value: string, name: string): boolean {
  // Mostly it is the only one.
  if (value.length === name.length) return value.toLowerCase() === name
  return listMembers(value).some((member) => member.toLowerCase() === name)
}

/** `text[from, to)` without spaces and tabs around it: optional white space is nothing else (RFC 9110 §5.6.3). */
export function trimBlanks(text: string, from = 0, to: number = text.length): string {
  let start = from
  let end = to
  while (start < end && isBlank(text.charCodeAt(start))) start += 1
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

function isBlank(unit: number): boolean {
  return unit === 0x20 || unit === 0x09
}
