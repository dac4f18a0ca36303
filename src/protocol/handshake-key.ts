/** SHA-1 of ASCII text, in Base64; handed in by the runtime. */
export type Sha1Base64 = (text: string) => string

/** Fixed by RFC 6455 §1.3. */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** The `Sec-WebSocket-Accept` that proves that the server read `key` (RFC 6455 §4.2.2). */
export function acceptFor(key: string, sha1: Sha1Base64): string {
  return sha1(key + guid)
}

/**
 * Whether `key` decodes to 16 bytes (RFC 6455 §4.1). The four bits that are left over need not be zero: clients that
 * draw 22 random letters exist.
 */
export function isKey(key: string): boolean {
  return /^[+/0-9A-Za-z]{22}==$/.test(key)
}
