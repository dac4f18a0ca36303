import { subprotocol } from '../../codec/frame.ts'
import type { Carrier, CarrierEnd, CarrierEvents, Transport } from './transport.ts'

/** What is used of a `WebSocket`, the platform's or ours. */
export interface WebSocketLike {
  readonly readyState: number
  onopen: ((event: never) => unknown) | null
  onmessage: ((event: never) => unknown) | null
  onerror: ((event: never) => unknown) | null
  onclose: ((event: never) => unknown) | null
  binaryType: string
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(code: number): void
}

/** A WebSocket for a URL and a subprotocol. */
export type CreateWebSocket = (url: string, protocol: string) => WebSocketLike

const OPEN = 1

/** What the error of a WebSocket tells about its end; a browser's tells nothing. */
export type ReadError = (error: unknown) => CarrierEnd

/** Each frame a message of the subprotocol `polyplex.1`. */
export function webSocketTransport(create: CreateWebSocket, readError?: ReadError): Transport {
  return {
    name: 'websocket',
    open(url, events) {
      const socket = create(url.replace(/^http/, 'ws'), subprotocol)
      return carrierOn(socket, events, readError)
    },
  }
}

function carrierOn(socket: WebSocketLike, events: CarrierEvents, readError?: ReadError): Carrier {
  let facts: CarrierEnd | undefined
  const send = (data: string | Uint8Array<ArrayBuffer>): void => {
    if (socket.readyState === OPEN) socket.send(data)
  }
  socket.binaryType = 'arraybuffer'
  socket.onopen = () => events.opened()
  socket.onmessage = ({ data }: { readonly data: string | ArrayBuffer }) =>
    events.received(typeof data === 'string' ? data : new Uint8Array(data))
  socket.onerror = (event: { readonly error?: unknown }) => {
    facts = readError?.(event.error)
  }
  socket.onclose = ({ code, reason }: { readonly code: number; readonly reason: string }) =>
    events.closed({ code, message: reason, ...facts })
  return {
    send,
    sendBytes: send,
    close(code) {
      socket.onopen = null
      socket.onmessage = null
      socket.onclose = null
      socket.close(code)
    },
  }
}
