import type { Buffer } from 'node:buffer'
import { Duplex, type DuplexOptions } from 'node:stream'
import { CLOSED, CONNECTING } from './constants.ts'
import type { WebSocket } from './websocket.ts'

type Done = (error?: Error | null) => void

/** A WebSocket as a stream: each chunk written is a message, and each message is read as a chunk. */
export function createWebSocketStream(websocket: WebSocket, options?: DuplexOptions): Duplex {
  return new WebSocketDuplex(websocket, options)
}

class WebSocketDuplex extends Duplex {
  readonly #websocket: WebSocket
  /** After an error of the connection the closing handshake is left to go on. */
  #terminates = true

  constructor(websocket: WebSocket, options: DuplexOptions | undefined) {
    super({
      ...options,
      autoDestroy: false,
      emitClose: false,
      objectMode: false,
      writableObjectMode: false,
    })
    this.#websocket = websocket
    websocket.on('message', (message: Buffer, isBinary: boolean) => {
      const data = !isBinary && this.readableObjectMode ? message.toString() : message
      if (!this.push(data)) websocket.pause()
    })
    websocket.once('error', (error: Error) => {
      if (this.destroyed) return
      this.#terminates = false
      this.destroy(error)
    })
    websocket.once('close', () => {
      if (!this.destroyed) this.push(null)
    })
    this.on('end', this.#ended)
    this.on('error', this.#failed)
  }

  override _read(): void {
    if (this.#websocket.isPaused) this.#websocket.resume()
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: Done): void {
    const websocket = this.#websocket
    if (websocket.readyState === CONNECTING) websocket.once('open', () => this._write(chunk, encoding, done))
    else websocket.send(chunk, done)
  }

  override _final(done: Done): void {
    const websocket = this.#websocket
    if (websocket.readyState === CONNECTING) {
      websocket.once('open', () => this._final(done))
      return
    }
    // The handshake has failed: its error is under way.
    if (websocket._socket === null) return
    websocket._afterEnd(() => {
      done()
      if (this.readableEnded) this.destroy()
    })
    websocket.close()
  }

  override _destroy(error: Error | null, done: Done): void {
    const websocket = this.#websocket
    const closed = (): void => {
      process.nextTick(() => this.emit('close'))
    }
    if (websocket.readyState === CLOSED) {
      done(error)
      closed()
      return
    }
    let told = false
    websocket.once('error', (reason: Error) => {
      told = true
      done(reason)
    })
    websocket.once('close', () => {
      if (!told) done(error)
      closed()
    })
    if (this.#terminates) websocket.terminate()
  }

  #ended(): void {
    if (!this.destroyed && this.writableFinished) this.destroy()
  }

  /** An error that nobody listens for is thrown, as with any stream. */
  #failed(error: Error): void {
    this.removeListener('error', this.#failed)
    this.destroy()
    if (this.listenerCount('error') === 0) this.emit('error', error)
  }
}
