/** `polyplex` in a browser: the platform's own WebSocket, and the errors. What a browser lacks is `undefined`. */
const { WebSocket, WebSocketStream, WebSocketError, CloseEvent, ErrorEvent } =
  globalThis as unknown as Record<
    'WebSocket' | 'WebSocketStream' | 'WebSocketError' | 'CloseEvent' | 'ErrorEvent',
    unknown
  >

export * from './errors.ts'
export { CloseEvent, ErrorEvent, WebSocket, WebSocketError, WebSocketStream }
