import { CallError } from '../../errors.ts'
import { ItemReader, tooManyItems } from '../../rpc/item-reader.ts'
import { ItemWriter } from '../../rpc/item-writer.ts'
import type { FrameSink, RequestOptions, Requests } from './requests.ts'
import { type Outgoing, outgoing, type UnsentFrame } from './upstream.ts'

export interface CallOptions extends RequestOptions {
  /** What is sent along, item by item, as fast as the server takes it. */
  readonly items?: AsyncIterable<unknown> | Iterable<unknown> | undefined
}

/** Makes calls: one answer, or a stream of items. */
export class Calls {
  readonly #requests: Requests
  readonly #sink: FrameSink

  constructor(requests: Requests, sink: FrameSink) {
    this.#requests = requests
    this.#sink = sink
  }

  /** Resolves with the answer. `required`: it is sent even when the queue is full. */
  call(frame: UnsentFrame, options: CallOptions, required = false): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const upload = new Upload(this.#sink)
      const call = this.#requests.start(
        frame,
        {
          reply: (value) => upload.stopThen(() => resolve(value)),
          error: (error) => upload.stopThen(() => reject(error)),
          end: () => upload.stopThen(() => resolve(undefined)),
          item: () => {
            this.#requests.abandon(call)
            const message = 'The answer is a stream; stream() reads it'
            upload.stopThen(() => reject(new CallError('ERR_OUTPUT', { message })))
          },
          more: (items) => upload.more(items),
        },
        options,
        required,
      )
      this.#send(call, upload, options, reject)
    })
  }

  /** Reads the answer item by item; an answer that is none is a single one. Whoever stops reading gives the call up. */
  stream(frame: UnsentFrame, options: CallOptions): AsyncIterableIterator<unknown, undefined> {
    const upload = new Upload(this.#sink)
    const reader: ItemReader<unknown> = new ItemReader({
      more: (items) => this.#sink.send(outgoing({ type: 'more', items }, { of: call }), true),
      cancel: () => upload.stopThen(() => this.#requests.abandon(call)),
    })
    const fail = (error: Error): void => upload.stopThen(() => reader.fail(error))
    const call = this.#requests.start(
      frame,
      {
        reply: (value) => {
          reader.push(value)
          upload.stopThen(() => reader.end())
        },
        error: fail,
        end: () => upload.stopThen(() => reader.end()),
        item: (value) => {
          if (reader.push(value)) return
          this.#requests.abandon(call)
          fail(tooManyItems())
        },
        more: (items) => upload.more(items),
      },
      options,
    )
    this.#send(call, upload, options, fail)
    return reader
  }

  #send(call: Outgoing, upload: Upload, { items }: CallOptions, fail: (error: Error) => void): void {
    if (items === undefined) return
    upload.send(call, items).catch((error) => {
      this.#requests.abandon(call)
      fail(error)
    })
  }
}

/** What goes up beside a call. */
class Upload {
  readonly #sink: FrameSink
  #writer: ItemWriter<unknown> | undefined

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  async send(call: Outgoing, items: AsyncIterable<unknown> | Iterable<unknown>): Promise<void> {
    this.#writer = new ItemWriter((body) =>
      this.#sink.send(outgoing({ type: 'item', body }, { of: call }), false),
    )
    const whole = await this.#writer.sendAll(items)
    if (whole) this.#sink.send(outgoing({ type: 'end' }, { of: call }), true)
  }

  more(items: number): void {
    this.#writer?.more(items)
  }

  /** The call is over: nothing more is sent, and then the caller hears of it. */
  stopThen(tell: () => void): void {
    this.#writer?.stop()
    tell()
  }
}
