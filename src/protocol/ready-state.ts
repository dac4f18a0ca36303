/** The four states of the WHATWG standard, with its numbers. */
export const CONNECTING = 0
export const OPEN = 1
export const CLOSING = 2
export const CLOSED = 3
export type ReadyState = 0 | 1 | 2 | 3

/** What moves a connection from one state to the next. */
export type Signal = 'opened' | 'closeSent' | 'closeReceived' | 'failed' | 'linkClosed'

/**
 * The whole life of a connection: what is not here leaves it in the state it is in. A `Connection` exists from OPEN on.
 * The picture in `docs/design/protocol.md` is drawn from this table.
 */
export const transitions: Readonly<Record<ReadyState, Readonly<Partial<Record<Signal, ReadyState>>>>> = {
  [CONNECTING]: { opened: OPEN, failed: CLOSING, linkClosed: CLOSED },
  [OPEN]: { closeSent: CLOSING, closeReceived: CLOSING, failed: CLOSING, linkClosed: CLOSED },
  [CLOSING]: { linkClosed: CLOSED },
  [CLOSED]: {},
}
