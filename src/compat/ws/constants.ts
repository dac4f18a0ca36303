import { Buffer } from 'node:buffer'

/** What `binaryType` may be: how binary messages are handed over. */
export const binaryTypes = ['nodebuffer', 'arraybuffer', 'fragments', 'blob'] as const
export type BinaryType = (typeof binaryTypes)[number]

export const CONNECTING = 0
export const OPEN = 1
export const CLOSING = 2
export const CLOSED = 3
export type ReadyState = 0 | 1 | 2 | 3
export const stateNames = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'] as const

/** How long the closing handshake may take, in milliseconds, where nothing else is asked for. */
export const defaultCloseTimeout = 30_000

/** Defaults that client and server have in common. */
export const defaultOptions = {
  allowSynchronousEvents: true,
  autoPong: true,
  closeTimeout: defaultCloseTimeout,
  maxBufferedChunks: 262_144,
  maxFragments: 16_384,
  maxPayload: 104_857_600,
  maxPendingAutoPongs: 60,
  skipUTF8Validation: false,
} as const

export const emptyBuffer: Buffer = Buffer.alloc(0)

export const perMessageDeflateName = 'permessage-deflate'
