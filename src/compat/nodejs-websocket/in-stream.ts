import { Readable } from 'node:stream'

/**
 * A binary message that is being received. The peer has to wait where it is not read: what waits here is bounded by
 * `setMaxBufferLength`. A message that is cut off has no `end`, only a `close`.
 */
export class InStream extends Readable {
  readonly #wanted: () => void

  /** `wanted` is called when more can be taken. */
  constructor(mostWaitingBytes: number, wanted: () => void) {
    super({ highWaterMark: mostWaitingBytes })
    this.#wanted = wanted
  }

  override _read(): void {
    this.#wanted()
  }
}
