/** `polyplex/message-pack`: MessagePack for both ends of a connection. */
import type { Codec } from './codec.ts'
import { fromBase64, toBase64 } from './json.ts'
import { MessagePackReader } from './message-pack-reader.ts'
import { MessagePackWriter } from './message-pack-writer.ts'

export type { Codec } from './codec.ts'

const name = 'msgpack'

/**
 * MessagePack (https://msgpack.org) in place of JSON: values of JSON, and bytes as they are. For `connect(url, { codec })` and
 * `native({ codec })`; where only one end has it, both speak JSON.
 */
export function messagePack(): Codec {
  const writer = new MessagePackWriter()
  return {
    name,
    encode: (value) => writer.write(value),
    decode: (bytes) => new MessagePackReader(bytes).readAll(),
    toText: (bytes) => `${name}:${toBase64(bytes)}`,
    fromText(text) {
      const bytes = text.startsWith(`${name}:`) ? fromBase64(text.slice(name.length + 1)) : undefined
      if (bytes === undefined) throw new SyntaxError('This is not MessagePack as text')
      return bytes
    },
  }
}
