/** The four states of the WHATWG standard, with its numbers. */
export const CONNECTING = 0
export const OPEN = 1
export const CLOSING = 2
export const CLOSED = 3
export type ReadyState = 0 | 1 | 2 | 3

/** What moves a connection from one state to the next. */
export type Signal = 'closeSent' | 'closeReceived' | 'failed' | 'linkClosed'

/** The whole life of a connection; the picture in `docs/design/protocol.md` is drawn from it. */
export const transitions = {
  [CONNECTING]: { closeSent: CLOSING, closeReceived: CLOSING, failed: CLOSING, linkClosed: CLOSED },
  [OPEN]: { closeSent: CLOSING, closeReceived: CLOSING, failed: CLOSING, linkClosed: CLOSED },
  [CLOSING]: { closeSent: CLOSING, closeReceived: CLOSING, failed: CLOSING, linkClosed: CLOSED },
  [CLOSED]: { closeSent: CLOSED, closeReceived: CLOSED, failed: CLOSED, linkClosed: CLOSED },
} as const satisfies Record<ReadyState, Record<Signal, ReadyState>>
