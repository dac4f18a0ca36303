import type { Encoder, SessionEvent } from '../../channels/carrier.ts'

/** A frame as text, and its length in UTF-8. */
export interface TextUnit {
  readonly text: string
  readonly bytes: number
}

/** Writes frames as JSON; one for many sessions in a row is written once. */
export function textEncoder(byteLength: (text: string) => number): Encoder<TextUnit> {
  let last: SessionEvent | undefined
  let unit: TextUnit = { text: '', bytes: 0 }
  return {
    name: 'native',
    encode(event) {
      if (event !== last) {
        const text = JSON.stringify(event)
        unit = { text, bytes: byteLength(text) }
        last = event
      }
      return unit
    },
    byteLength: ({ bytes }) => bytes,
    transfer: { pack: ({ text }) => text, unpack: (text) => ({ text, bytes: byteLength(text) }) },
  }
}
