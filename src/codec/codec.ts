/** Another way to write frames than JSON. */
export interface Codec {
  /** As client and server name it to each other. */
  readonly name: string
  encode(value: unknown): Uint8Array<ArrayBuffer>
  /** @throws {Error} where the bytes are no value */
  decode(bytes: Uint8Array): unknown
  /** What was encoded as a line of text, for ways that carry no bytes. It never begins like JSON. */
  toText(bytes: Uint8Array): string
  /** @throws {Error} where the text is none that `toText` makes */
  fromText(text: string): Uint8Array
}
