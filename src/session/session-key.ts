/** What keys need of the platform. */
export interface KeySource {
  /** So many unpredictable bytes. */
  randomBytes(count: number): Uint8Array
  /** A digest that cannot be turned back, always of the same length (SHA-256, as text). */
  digest(text: string): string
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const keyBytes = 32
/** No real key is longer; hashing what a stranger sends should cost little. */
const maxKeyLength = 256

/** The secret of a session, as its server remembers it: a digest, so that nothing kept can be used as the key. */
export class SessionKey {
  readonly #digest: string
  readonly #source: KeySource

  private constructor(digest: string, source: KeySource) {
    this.#digest = digest
    this.#source = source
  }

  /** A new secret of 256 random bits: the text for the peer, told once, and what remembers it. */
  static create(source: KeySource): { readonly text: string; readonly key: SessionKey } {
    const text = base64url(source.randomBytes(keyBytes))
    return { text, key: new SessionKey(source.digest(text), source) }
  }

  /** What may be said of a key to those who must not know it; nothing where `text` is too long to be one. */
  static digestOf(text: string, source: KeySource): string | undefined {
    return text.length <= maxKeyLength ? source.digest(text) : undefined
  }

  /** Whether `text` is the key; takes equally long wherever it differs. */
  matches(text: string): boolean {
    const digest = SessionKey.digestOf(text, this.#source)
    return digest !== undefined && this.matchesDigest(digest)
  }

  /** Whether `digest` is the one of the key; takes equally long wherever it differs. */
  matchesDigest(digest: string): boolean {
    return equalInConstantTime(this.#digest, digest)
  }
}

/** Compares two texts without telling by time where they differ. */
export function equalInConstantTime(a: string, b: string): boolean {
  let difference = a.length ^ b.length
  for (let index = 0; index < a.length; index++) difference |= a.charCodeAt(index) ^ b.charCodeAt(index)
  return difference === 0
}

/** Bytes as text for URLs (RFC 4648 §5), without padding. */
export function base64url(bytes: Uint8Array): string {
  const letters: number[] = []
  for (let index = 0; index < bytes.length; index += 3) {
    const group = ((bytes[index] as number) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0)
    const digits = Math.min(bytes.length - index, 3) + 1
    for (let digit = 0; digit < digits; digit++) {
      letters.push(alphabet.charCodeAt((group >> (18 - 6 * digit)) & 63))
    }
  }
  return String.fromCharCode(...letters)
}
