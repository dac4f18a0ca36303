import type { SharedMessage } from '../../protocol/shared-message.ts'
import type { Socket } from '../../server/socket.ts'
import type { Wire } from './connection.ts'

/** Frames as the text messages of a WebSocket. */
export class SocketWire implements Wire {
  readonly #socket: Socket<never>

  constructor(socket: Socket<never>) {
    this.#socket = socket
  }

  get headers(): Headers {
    return this.#socket.request.headers
  }

  get remoteAddress(): string {
    return this.#socket.request.remoteAddress
  }

  send(frame: string | SharedMessage): boolean {
    const result = typeof frame === 'string' ? this.#socket.send(frame) : this.#socket.sendShared(frame)
    return result === 'sent'
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }
}
