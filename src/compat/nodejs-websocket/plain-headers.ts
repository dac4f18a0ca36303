/** Header fields as an object, by name in lower case; several of one name are joined by commas. */
export function plainHeaders(fields: Iterable<readonly [string, string]>): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of fields) {
    const key = name.toLowerCase()
    // A field that is called like what every object has is nothing anybody asks for.
    if (key === '__proto__') continue
    headers[key] = Object.hasOwn(headers, key) ? `${headers[key]}, ${value}` : value
  }
  return headers
}
