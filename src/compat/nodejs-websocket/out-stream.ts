import { Buffer } from 'node:buffer'
import { Writable } from 'node:stream'

/** Sends a fragment; `callback` is called when it has been given to the system. */
type SendFragment = (data: Uint8Array, first: boolean, last: boolean, callback: () => void) => void

/** A binary message that is being sent: a frame for each `minSize` bytes or more, and one for what is left at the end. */
export class OutStream extends Writable {
  readonly minSize: number
  readonly #sendFragment: SendFragment
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #hasSent = false

  constructor(sendFragment: SendFragment, minSize: number) {
    super()
    this.minSize = minSize
    this.#sendFragment = sendFragment
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#waiting.push(chunk)
    this.#waitingBytes += chunk.length
    if (this.#waitingBytes >= this.minSize) this.#send(false, callback)
    else callback()
  }

  override _final(callback: () => void): void {
    this.#send(true, () => {})
    callback()
  }

  #send(last: boolean, callback: () => void): void {
    const data = Buffer.concat(this.#waiting)
    this.#waiting = []
    this.#waitingBytes = 0
    const first = !this.#hasSent
    this.#hasSent = true
    this.#sendFragment(data, first, last, callback)
  }
}
