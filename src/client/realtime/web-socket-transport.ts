import { subprotocol } from '../../codec/frame.ts'
import { HandshakeError, RealtimeError } from '../../errors.ts'
import type { Carrier, CarrierEnd, CarrierEvents, Transport } from './transport.ts'

/** What is used of a `WebSocket`, the platform's or ours. */
export interface WebSocketLike {
  readonly readyState: number
  onopen: ((event: never) => unknown) | null
  onmessage: ((event: never) => unknown) | null
  onerror: ((event: never) => unknown) | null
  onclose: ((event: never) => unknown) | null
  send(text: string): void
  close(code: number): void
}

/** A WebSocket for a URL and a subprotocol. */
export type CreateWebSocket = (url: string, protocol: string) => WebSocketLike

const OPEN = 1

/** Each frame a text message of the subprotocol `polyplex.1`. */
export function webSocketTransport(create: CreateWebSocket): Transport {
  return {
    name: 'websocket',
    open(url, events) {
      const socket = create(url.replace(/^http/, 'ws'), subprotocol)
      return carrierOn(socket, events)
    },
  }
}

function carrierOn(socket: WebSocketLike, events: CarrierEvents): Carrier {
  // Ours says why it failed; a browser does not.
  let error: unknown
  socket.onopen = () => events.opened()
  // Whatever is not text is no frame either.
  socket.onmessage = ({ data }: { readonly data: unknown }) =>
    events.received(typeof data === 'string' ? data : '')
  socket.onerror = (event: { readonly error?: unknown }) => {
    error = event.error
  }
  socket.onclose = ({ code, reason }: { readonly code: number; readonly reason: string }) =>
    events.closed(endOf(code, reason, error))
  return {
    send(text) {
      if (socket.readyState === OPEN) socket.send(text)
    },
    close(code) {
      socket.onopen = null
      socket.onmessage = null
      socket.onclose = null
      socket.close(code)
    },
  }
}

function endOf(code: number, message: string, error: unknown): CarrierEnd {
  if (error instanceof HandshakeError) {
    const { status, headers } = error
    return { code, message: error.message, status, retryAfterMs: retryAfterMs(headers) }
  }
  return { code, message, error: error instanceof RealtimeError ? error : undefined }
}

/** RFC 9110 §10.2.3, in seconds; a date is as good as nothing here. */
function retryAfterMs(headers: HandshakeError['headers']): number | undefined {
  const [, value = ''] = headers.find(([name]) => name.toLowerCase() === 'retry-after') ?? []
  return /^\d{1,9}$/.test(value) ? Number(value) * 1_000 : undefined
}
