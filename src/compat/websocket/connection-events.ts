import type { Buffer } from 'node:buffer'
import type { Extension } from '../../protocol/extension-header.ts'
import type { WebSocketFrame } from './frame.ts'

/** Whatever has a text of its own. */
export interface IStringified {
  toString(): string
}

export interface IUtf8Message {
  type: 'utf8'
  utf8Data: string
}

export interface IBinaryMessage {
  type: 'binary'
  binaryData: Buffer
}

/** What the event `message` gives. */
export type Message = IUtf8Message | IBinaryMessage

/** An extension that was agreed on. */
export type IExtension = Extension

export interface ConnectionEvents {
  /** A whole message; not where `assembleFragments` is false. */
  message: [message: Message]
  /** Any frame, control frames among them; only where `assembleFragments` is false. */
  frame: [frame: WebSocketFrame]
  /** The connection is closed; once. */
  close: [code: number, description: string]
  /** The socket failed; `close` follows. Nobody has to listen. */
  error: [error: Error]
  /** What waited for a slow peer has been sent. */
  drain: []
  pause: []
  resume: []
  /** A ping; the pong is sent unless `cancel` is called. */
  ping: [cancel: () => void, payload: Buffer]
  pong: [payload: Buffer]
}
