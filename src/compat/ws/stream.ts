import type { Buffer } from 'node:buffer'
import { Duplex, type DuplexOptions } from 'node:stream'
import { CLOSED, CONNECTING } from './constants.ts'
import type { WebSocket } from './websocket.ts'

type Done = (error?: Error | null) => void

/** A WebSocket as a stream: each chunk written is a message, and each message is read as a chunk. */
export function createWebSocketStream(websocket: WebSocket, options?: DuplexOptions): Duplex {
  /** After an error of the connection the closing handshake is left to go on. */
  let terminates = true
  const duplex = new Duplex({
    ...options,
    autoDestroy: false,
    emitClose: false,
    objectMode: false,
    writableObjectMode: false,
    read: () => {
      if (websocket.isPaused) websocket.resume()
    },
    write,
    final,
    destroy,
  })

  function write(chunk: Buffer, encoding: BufferEncoding, done: Done): void {
    if (websocket.readyState === CONNECTING) {
      websocket.once('open', () => duplex._write(chunk, encoding, done))
    } else websocket.send(chunk, done)
  }

  function final(done: Done): void {
    if (websocket.readyState === CONNECTING) {
      websocket.once('open', () => duplex._final(done))
      return
    }
    // Nothing is called back where the handshake has failed: its error is under way.
    websocket._afterEnd(() => {
      done()
      if (duplex.readableEnded) duplex.destroy()
    })
    websocket.close()
  }

  function destroy(error: Error | null, done: Done): void {
    const closed = (): void => {
      process.nextTick(() => duplex.emit('close'))
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
    if (terminates) websocket.terminate()
  }

  websocket.on('message', (message: Buffer, isBinary: boolean) => {
    const data = !isBinary && duplex.readableObjectMode ? message.toString() : message
    if (!duplex.push(data)) websocket.pause()
  })
  websocket.once('error', (error: Error) => {
    if (duplex.destroyed) return
    terminates = false
    duplex.destroy(error)
  })
  websocket.once('close', () => {
    if (!duplex.destroyed) duplex.push(null)
  })
  duplex.on('end', () => {
    if (!duplex.destroyed && duplex.writableFinished) duplex.destroy()
  })
  duplex.on('error', function failed(error: Error) {
    duplex.removeListener('error', failed)
    duplex.destroy()
    // An error that nobody listens for is thrown, as with any stream.
    if (duplex.listenerCount('error') === 0) duplex.emit('error', error)
  })
  return duplex
}
