// What the compressed cases send.
import { constants, deflateRawSync } from 'node:zlib'

/** Exactly 1 KiB of JSON as applications send it: some words again and again, some numbers that never repeat. */
export function jsonMessage() {
  let state = 42
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state
  }
  const order = () => ({
    id: random(),
    symbol: ['ACME', 'GLOBEX', 'INITECH', 'UMBRELLA'][random() % 4],
    side: random() % 2 === 0 ? 'buy' : 'sell',
    price: (random() % 1_000_000) / 100,
    quantity: random() % 500,
  })
  const message = {
    type: 'orders',
    at: '2026-01-01T00:00:00.000Z',
    note: '',
    orders: /** @type {object[]} */ ([]),
  }
  while (JSON.stringify(message).length < 940) message.orders.push(order())
  message.note = 'x'.repeat(1024 - JSON.stringify(message).length)
  return Buffer.from(JSON.stringify(message))
}

/** A message as permessage-deflate sends it (RFC 7692 §7.2.1): a sync flush without its last four bytes. */
export function compressed(/** @type {Uint8Array} */ message) {
  return deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
}

/** FIN, RSV1 and the opcode of text. */
export const compressedText = 0xc1

/** What the client offers. */
export const offers = {
  'no takeover':
    'Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover',
  /** As browsers do. */
  ordinary: 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
}
