import { validateClose } from './closing.ts'
import { defineInterface, enforceUnsignedShort, toDictionary, toUsvString } from './web-idl.ts'

/** How a `WebSocketStream` is to be closed, or was. */
export interface WebSocketCloseInfo {
  /** 1000 or 3000 to 4999. @default none: an empty close frame, or 1000 where there is a reason */
  closeCode?: number
  /** At most 123 bytes of UTF-8. @default '' */
  reason?: string
}

/** "Create a WebSocketError" of the standard: code and reason are not checked. */
let create: (message: string, code: number, reason: string) => WebSocketError

/**
 * A close code and reason as an error: thrown into one of the streams of a `WebSocketStream` it closes the connection
 * so; and it is what those reject with where the connection was not closed cleanly. Numbered comments are the
 * standard's steps.
 */
export class WebSocketError extends DOMException {
  static {
    create = (message, code, reason) => {
      const error = new WebSocketError(message)
      error.#closeCode = code
      error.#reason = reason
      return error
    }
  }

  #closeCode: number | null
  #reason: string

  /**
   * @throws {DOMException} `InvalidAccessError` for a code that is neither 1000 nor 3000 to 4999, `SyntaxError` for a
   * reason of more than 123 bytes
   */
  constructor(message = '', init: WebSocketCloseInfo = {}) {
    // 1. Set this's name to "WebSocketError".
    // 2. Set this's message to message.
    super(`${message}`, 'WebSocketError')
    // Some platforms forget about subclasses here.
    Object.setPrototypeOf(this, new.target.prototype)
    const { closeCode, reason: givenReason } = toCloseInfo(init)
    // 3. Let code be init["closeCode"] if it exists, or null otherwise.
    let code = closeCode
    // 4. Let reason be init["reason"] if it exists, or the empty string otherwise.
    const reason = givenReason
    // 5. Validate close code and reason with code and reason.
    validateClose(code, reason)
    // 6. If reason is non-empty, but code is not set, then set code to 1000 ("Normal Closure").
    if (reason !== '' && code === null) code = 1000
    // 7. Set this's closeCode to code.
    this.#closeCode = code
    // 8. Set this's reason to reason.
    this.#reason = reason
  }

  /** The close code, or `null` where there is none. */
  get closeCode(): number | null {
    return this.#closeCode
  }

  /** The close reason, or empty. */
  get reason(): string {
    return this.#reason
  }
}

defineInterface(WebSocketError, 'WebSocketError', ['closeCode', 'reason'])

/** Web IDL's dictionary `WebSocketCloseInfo`; `null` for a code that was not given. */
export function toCloseInfo(value: unknown): { closeCode: number | null; reason: string } {
  const { closeCode, reason } = toDictionary(value, 'WebSocketCloseInfo')
  return {
    closeCode: closeCode === undefined ? null : enforceUnsignedShort(closeCode),
    reason: reason === undefined ? '' : toUsvString(reason),
  }
}

/** The error for a connection that ended with `code`, which need not be one that programs may choose; `cause` says why. */
export function toWebSocketError(
  message: string,
  code: number,
  reason: string,
  cause: unknown,
): WebSocketError {
  const error = create(message, code, reason)
  Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true })
  return error
}
