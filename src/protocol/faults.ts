import { type ErrorCode, LimitError, ProtocolError } from '../errors.ts'
import { INVALID_PAYLOAD, MESSAGE_TOO_BIG, POLICY_VIOLATION, PROTOCOL_ERROR } from './close-code.ts'
import type { Limits } from './limits.ts'

/** A rule of RFC 6455 that the peer broke; `section` such as `§5.2`. */
export function breach(
  code: ErrorCode,
  message: string,
  section: string,
  closeCode = PROTOCOL_ERROR,
): ProtocolError {
  const standard = `RFC 6455 ${section}`
  return new ProtocolError(code, closeCode, { message: `${message} (${standard})`, section: standard })
}

export function notMinimal(): ProtocolError {
  return breach('ERR_LENGTH_NOT_MINIMAL', 'A length is not in its shortest form', '§5.2')
}

export function invalidUtf8(): ProtocolError {
  return breach('ERR_INVALID_UTF8', 'Text is not valid UTF-8', '§8.1', INVALID_PAYLOAD)
}

export function cannotInflate(): ProtocolError {
  const section = 'RFC 7692 §7.2.2'
  const message = `A compressed message cannot be inflated (${section})`
  return new ProtocolError('ERR_INFLATE_FAILED', INVALID_PAYLOAD, { message, section })
}

export function tooLarge({ maxMessageBytes }: Pick<Limits, 'maxMessageBytes'>): LimitError {
  const message = `A message is larger than ${maxMessageBytes} bytes (option limits.maxMessageBytes)`
  return new LimitError('ERR_MESSAGE_TOO_LARGE', MESSAGE_TOO_BIG, { message, section: 'RFC 6455 §7.4.1' })
}

export function tooManyFragments({ maxFragments }: Pick<Limits, 'maxFragments'>): LimitError {
  const message = `A message has more than ${maxFragments} fragments (option limits.maxFragments)`
  return new LimitError('ERR_TOO_MANY_FRAGMENTS', POLICY_VIOLATION, { message, section: 'RFC 6455 §10.4' })
}

export function inflatesTooMuch({ maxInflationRatio }: Pick<Limits, 'maxInflationRatio'>): LimitError {
  const message = `A message inflates to over ${maxInflationRatio} times its size (option limits.maxInflationRatio)`
  return new LimitError('ERR_INFLATION_RATIO', MESSAGE_TOO_BIG, { message, section: 'RFC 7692 §8' })
}
