/** Something that is fed arbitrary bytes. */
export interface Target {
  readonly name: string
  /** Pieces of the language, for the mutation to put in. */
  readonly words: readonly Uint8Array[]
  /** Reads one file of `corpus/<name>/`. */
  readSample(text: string): Uint8Array
  /**
   * Feeds `input`; throws where something happens that must not. Answers in a few words what happened: inputs that
   * lead to something new are kept and changed further.
   */
  run(input: Uint8Array): string
}

export const latin1 = (bytes: Uint8Array): string => {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

export const bytesOfLatin1 = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff)

/** Samples as readable text: hexadecimal digits, with `#` for comments. */
export const readHexSample = (text: string): Uint8Array =>
  Uint8Array.from(text.replace(/#.*/g, '').match(/[0-9a-f]{2}/gi) ?? [], (pair) => Number.parseInt(pair, 16))
