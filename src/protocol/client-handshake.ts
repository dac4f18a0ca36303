import { HandshakeError } from '../errors.ts'
import { type Extension, formatExtensions, parseExtensions } from './extension-header.ts'
import { acceptFor, type Sha1Base64 } from './handshake-key.ts'
import type { HeaderList } from './header-list.ts'
import { listHas, trimBlanks } from './header-values.ts'
import {
  type AgreedCompression,
  type CompressionOptions,
  confirmCompression,
  offerCompression,
} from './permessage-deflate.ts'

/** What the client asks for in its opening handshake. */
export interface HandshakeOffer {
  /** 16 random bytes in Base64 (RFC 6455 §4.1); absent over HTTP/2 (RFC 8441 §5). */
  readonly key: string | undefined
  readonly protocols: readonly string[]
  readonly compression: Readonly<CompressionOptions> | undefined
}

/** The header fields of the client's opening handshake, less `Host` (RFC 6455 §4.1). */
export function composeHandshakeOffer(offer: HandshakeOffer): [string, string][] {
  const headers: [string, string][] = []
  if (offer.key !== undefined) {
    headers.push(['Upgrade', 'websocket'], ['Connection', 'Upgrade'], ['Sec-WebSocket-Key', offer.key])
  }
  headers.push(['Sec-WebSocket-Version', '13'])
  if (offer.protocols.length > 0) headers.push(['Sec-WebSocket-Protocol', offer.protocols.join(', ')])
  if (offer.compression !== undefined) {
    headers.push(['Sec-WebSocket-Extensions', formatExtensions([offerCompression(offer.compression)])])
  }
  return headers
}

/** What the server agreed to. */
export interface HandshakeAgreement {
  readonly protocol: string
  readonly extensions: string
  readonly compression: AgreedCompression | undefined
}

/**
 * Checks the server's answer (RFC 6455 §4.1, the list after "Once the client's opening handshake has been sent";
 * RFC 8441 §5 for HTTP/2; WHATWG WebSockets "establish a WebSocket connection": a server that leaves every offered
 * subprotocol unanswered is refused).
 *
 * @throws {HandshakeError} with the status and headers of the answer
 */
export function readHandshakeResponse(
  status: number,
  headers: HeaderList,
  offer: HandshakeOffer,
  sha1: Sha1Base64,
): HandshakeAgreement {
  const refuse = (code: HandshakeError['code'], message: string, section: string): HandshakeError =>
    new HandshakeError(code, { message: `${message} (${section})`, section, status, headers: [...headers] })

  if (offer.key === undefined) {
    if (status < 200 || status > 299)
      throw refuse('ERR_STATUS', `The server answered with status ${status}`, 'RFC 8441 §5')
  } else {
    if (status !== 101)
      throw refuse('ERR_STATUS', `The server answered with status ${status}`, 'RFC 6455 §4.1')
    if (headers.get('upgrade')?.toLowerCase() !== 'websocket') {
      throw refuse('ERR_UPGRADE_MISSING', 'Upgrade of the answer is not websocket', 'RFC 6455 §4.1')
    }
    if (!listHas(headers.get('connection') ?? '', 'upgrade')) {
      throw refuse('ERR_CONNECTION_HEADER', 'Connection of the answer does not name Upgrade', 'RFC 6455 §4.1')
    }
    const accepts = headers.all('sec-websocket-accept')
    if (accepts.length !== 1 || trimBlanks(accepts[0] as string) !== acceptFor(offer.key, sha1)) {
      throw refuse('ERR_ACCEPT', 'Sec-WebSocket-Accept does not belong to our key', 'RFC 6455 §4.1')
    }
  }
  const protocols = headers.all('sec-websocket-protocol')
  const protocol = protocols[0] ?? ''
  if (protocols.length > 1 || (protocols.length === 1 && !offer.protocols.includes(protocol))) {
    throw refuse('ERR_SUBPROTOCOL', 'The server chose a subprotocol that was not offered', 'RFC 6455 §4.1')
  }
  if (protocol === '' && offer.protocols.length > 0) {
    throw refuse(
      'ERR_SUBPROTOCOL',
      'The server chose none of the offered subprotocols',
      'WHATWG WebSockets §2.2',
    )
  }
  const value = headers.get('sec-websocket-extensions')
  const extensions = parseExtensions(value ?? '')
  const compression = extensions === undefined ? undefined : confirm(extensions, offer)
  if (extensions === undefined || (extensions.length > 0 && compression === undefined)) {
    throw refuse('ERR_EXTENSION', 'The server chose an extension that was not offered so', 'RFC 6455 §9.1')
  }
  return { protocol, extensions: value ?? '', compression }
}

/** One extension was offered, so an answer that names more, or another, is wrong. */
function confirm(extensions: readonly Extension[], offer: HandshakeOffer): AgreedCompression | undefined {
  const [answer] = extensions
  if (answer === undefined || extensions.length > 1 || offer.compression === undefined) return undefined
  return confirmCompression(answer, offer.compression)
}
