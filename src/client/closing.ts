import { maxReasonBytes } from '../protocol/close-code.ts'

const encoder = new TextEncoder()

/**
 * "Validate close code and reason" of the standard. `null` for a code that was not given.
 *
 * @throws {DOMException} InvalidAccessError, SyntaxError
 */
export function validateClose(code: number | null, reason: string): void {
  // 1. If code is not null, but is neither an integer equal to 1000 nor an integer in the range 3000 to 4999,
  //    inclusive, throw an "InvalidAccessError" DOMException.
  if (code !== null && code !== 1000 && !(code >= 3000 && code <= 4999)) {
    throw new DOMException(`Close code ${code} is neither 1000 nor from 3000 to 4999`, 'InvalidAccessError')
  }
  // 2. If reason is not null, then: 2.1. let reasonBytes be the result of UTF-8 encoding reason; 2.2. if reasonBytes is
  //    longer than 123 bytes, then throw a "SyntaxError" DOMException.
  if (reason.length * 3 > maxReasonBytes && encoder.encode(reason).length > maxReasonBytes) {
    throw new DOMException(`A close reason has at most ${maxReasonBytes} bytes of UTF-8`, 'SyntaxError')
  }
}
