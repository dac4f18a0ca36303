/** `polyplex` in a browser: the platform's own WebSocket, `connect`, and the errors. What a browser lacks is `undefined`. */
const { WebSocket, WebSocketStream, WebSocketError, CloseEvent } = globalThis as unknown as Record<
  'WebSocket' | 'WebSocketStream' | 'WebSocketError' | 'CloseEvent',
  unknown
>

export { connect } from './client/realtime/connect.browser.ts'
export * from './errors.ts'
export { CloseEvent, WebSocket, WebSocketError, WebSocketStream }
