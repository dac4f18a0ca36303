import { type ConnectOptions, open } from './client.ts'
import { Connection } from './connection.ts'
import { Server, type ServerOptions } from './server.ts'
import { sizes } from './sizes.ts'

/** A server; `callback` is added as listener of its event `connection`. */
export function createServer(callback?: (connection: Connection) => void): Server
export function createServer(options: ServerOptions, callback?: (connection: Connection) => void): Server
export function createServer(
  options?: ServerOptions | ((connection: Connection) => void),
  callback?: (connection: Connection) => void,
): Server {
  return new Server(typeof options === 'object' && Boolean(options.secure), options, callback)
}

/**
 * A connection to `url`, still to be opened; `callback` is added as listener of its event `connect`.
 *
 * @throws {Error} where the URL is neither of `ws:` nor of `wss:`
 */
export function connect(url: string, callback?: (this: Connection) => void): Connection
export function connect(
  url: string,
  options: ConnectOptions | undefined,
  callback?: (this: Connection) => void,
): Connection
export function connect(
  url: string,
  options?: ConnectOptions | ((this: Connection) => void),
  callback?: (this: Connection) => void,
): Connection {
  return typeof options === 'function' ? open(url, {}, options) : open(url, options ?? {}, callback)
}

/** Sets how much `beginBinary` gathers before it sends a frame, in bytes: 524_288 unless set. */
export function setBinaryFragmentation(bytes: number): void {
  sizes.binaryFragmentation = bytes
}

/**
 * Sets the largest frame and the largest text that are received, in bytes: 2_097_152 unless set. Beyond it the
 * connection fails with 1009.
 */
export function setMaxBufferLength(bytes: number): void {
  sizes.maxBufferLength = bytes
}

export type { ConnectOptions } from './client.ts'
export type { CompressionChoice } from './compression.ts'
export type { ConnectionEvents } from './connection.ts'
export type { InStream } from './in-stream.ts'
export type { OutStream } from './out-stream.ts'
export type { SelectProtocol, ServerEvents, ServerOptions } from './server.ts'
export { Connection, Server }

export default { connect, Connection, createServer, Server, setBinaryFragmentation, setMaxBufferLength }
