/**
 * Bytes as people read and type them.
 */

/** @typedef {{ offsets: string, digits: string, characters: string }} HexDump */

/**
 * The three columns of a dump, each with one line per row.
 *
 * @param {Uint8Array} bytes
 * @param {number} perRow 8 or 16
 * @returns {HexDump}
 */
export function hexDump(bytes, perRow) {
  const offsets = []
  const digits = []
  const characters = []
  for (let start = 0; start < bytes.length; start += perRow) {
    let row = ''
    let shown = ''
    for (let index = start; index < Math.min(start + perRow, bytes.length); index++) {
      const byte = /** @type {number} */ (bytes[index])
      if (index > start) row += (index - start) % 8 === 0 ? '  ' : ' '
      row += byte.toString(16).padStart(2, '0')
      shown += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'
    }
    offsets.push(start.toString(16).padStart(8, '0'))
    digits.push(row)
    characters.push(shown)
  }
  return { offsets: offsets.join('\n'), digits: digits.join('\n'), characters: characters.join('\n') }
}

/**
 * Reads what somebody typed: `48 65 6c`, `48656c`, `0x48, 0x65`, `48:65:6c`, over any number of lines.
 *
 * @param {string} typed
 * @returns {{ bytes: Uint8Array<ArrayBuffer> } | { wrong: string } | { odd: true }}
 */
export function parseHex(typed) {
  const digits = typed.replace(/0x/gi, ' ').replace(/[\s,;:_-]+/g, '')
  const wrong = digits.match(/[^0-9a-f]/iu)
  if (wrong) return { wrong: wrong[0] }
  if (digits.length % 2 === 1) return { odd: true }
  const bytes = new Uint8Array(digits.length / 2)
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16)
  }
  return { bytes }
}

/**
 * How many bytes a string is on the wire. A lone surrogate is sent as U+FFFD, three bytes.
 *
 * @param {string} text
 */
export function utf8Length(text) {
  let length = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) length += 1
    else if (unit < 0x800) length += 2
    else if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(index + 1))) {
      length += 4
      index++
    } else length += 3
  }
  return length
}

/** @param {number} unit */
function isLowSurrogate(unit) {
  return unit >= 0xdc00 && unit < 0xe000
}
