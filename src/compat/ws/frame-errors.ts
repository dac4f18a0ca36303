import type { ProtocolError } from '../../errors.ts'
import type { Connection } from '../../protocol/connection.ts'

/** Where an error keeps the close code it stands for. */
export const statusCode: unique symbol = Symbol('status-code')

/** An error of the peer, as `ws` reports it: programs look at `code`. */
export interface FrameError extends Error {
  code: string
  errno?: number
  [statusCode]: number
}

type Blame = Pick<Connection<unknown>, 'wrongHeader' | 'wrongCloseCode'>

/** Lengths up to this one are exact; it stands for no limit at all. */
export const mostBytes: number = Number.MAX_SAFE_INTEGER

/** The error that `ws` has for what failed the connection. */
export function frameErrorOf(
  error: ProtocolError,
  { wrongHeader = 0, wrongCloseCode }: Blame,
  { maxMessageBytes }: { readonly maxMessageBytes: number },
): FrameError {
  const first = wrongHeader >>> 8
  const opcode = first & 0x0f
  const length = wrongHeader & 0x7f
  const invalid = (what: string, code: string, Class: ErrorConstructor = RangeError): FrameError =>
    made(new Class(`Invalid WebSocket frame: ${what}`), code, error)
  switch (error.code) {
    case 'ERR_RESERVED_BIT':
      return (first & 0x30) !== 0
        ? invalid('RSV2 and RSV3 must be clear', 'WS_ERR_UNEXPECTED_RSV_2_3')
        : invalid('RSV1 must be clear', 'WS_ERR_UNEXPECTED_RSV_1')
    case 'ERR_RESERVED_OPCODE':
    case 'ERR_CONTINUATION_UNEXPECTED':
    case 'ERR_CONTINUATION_MISSING':
      return invalid(`invalid opcode ${opcode}`, 'WS_ERR_INVALID_OPCODE')
    case 'ERR_CONTROL_FRAGMENTED':
      return invalid('FIN must be set', 'WS_ERR_EXPECTED_FIN')
    case 'ERR_CONTROL_TOO_LONG':
      return invalid(`invalid payload length ${length}`, 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH')
    case 'ERR_CLOSE_PAYLOAD':
      return invalid('invalid payload length 1', 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH')
    case 'ERR_CLOSE_CODE':
      return invalid(`invalid status code ${wrongCloseCode}`, 'WS_ERR_INVALID_CLOSE_CODE')
    case 'ERR_MASK_MISSING':
      return invalid('MASK must be set', 'WS_ERR_EXPECTED_MASK')
    case 'ERR_MASK_UNEXPECTED':
      return invalid('MASK must be clear', 'WS_ERR_UNEXPECTED_MASK')
    case 'ERR_INVALID_UTF8':
      return invalid('invalid UTF-8 sequence', 'WS_ERR_INVALID_UTF8', Error)
    case 'ERR_MESSAGE_TOO_LARGE':
      if (maxMessageBytes === mostBytes) return tooLong(error)
      return made(new RangeError('Max payload size exceeded'), 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', error)
    case 'ERR_TOO_MANY_FRAGMENTS':
      return made(new RangeError('Too many message fragments'), 'WS_ERR_TOO_MANY_BUFFERED_PARTS', error)
    case 'ERR_LENGTH_INVALID':
      return tooLong(error)
    case 'ERR_INFLATE_FAILED':
      // As zlib reports it (Z_DATA_ERROR).
      return Object.assign(made(new Error('invalid compressed data'), 'Z_DATA_ERROR', error), { errno: -3 })
    default:
      return made(new RangeError(`Invalid WebSocket frame: ${error.message}`), `WS_${error.code}`, error)
  }
}

function tooLong(error: ProtocolError): FrameError {
  const message = 'Unsupported WebSocket frame: payload length > 2^53 - 1'
  return made(new RangeError(message), 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH', error)
}

function made(error: Error, code: string, { closeCode }: ProtocolError): FrameError {
  return Object.assign(error, { code, [statusCode]: closeCode })
}
