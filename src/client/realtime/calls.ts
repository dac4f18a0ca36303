import { CallError } from '../../errors.ts'
import { ItemReader, tooManyItems } from '../../rpc/item-reader.ts'
import { ItemWriter } from '../../rpc/item-writer.ts'
import { type Asker, cancelled, type RequestOptions, type Requests } from './requests.ts'
import type { Outgoing, UnsentFrame } from './upstream.ts'

export interface CallOptions extends RequestOptions {
  /** What is sent along, item by item, as fast as the server takes it. */
  readonly items?: AsyncIterable<unknown> | Iterable<unknown> | undefined
}

/** Makes a call, and resolves with its answer. `required`: it is sent even when the queue is full. */
export function call(
  requests: Requests,
  frame: UnsentFrame,
  options: CallOptions = {},
  required = false,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const { deadlineMs = requests.callDeadlineMs } = options
    const asker: Asker = {
      heard(answer) {
        const message = 'The answer is a stream: use stream()'
        if (answer.type === 'item') requests.abandon(made, new CallError('ERR_OUTPUT', { message }))
        else resolve('body' in answer ? answer.body : undefined)
      },
      failed: reject,
    }
    const made = start(requests, frame, { ...options, deadlineMs }, asker, required)
  })
}

/**
 * Makes a call and reads its answer item by item; an answer that is none is a single one. Whoever stops reading gives the
 * call up.
 */
export function stream(
  requests: Requests,
  frame: UnsentFrame,
  options: CallOptions,
): AsyncIterableIterator<unknown, undefined> {
  const reader: ItemReader<unknown> = new ItemReader({
    more: (items) => requests.send({ type: 'more', items }, { of: made }),
    cancel: () => requests.abandon(made, cancelled(undefined)),
  })
  const made = start(requests, frame, options, {
    heard(answer) {
      if ('body' in answer && !reader.push(answer.body)) requests.abandon(made, tooManyItems())
      if (answer.type !== 'item') reader.end()
    },
    failed: (error) => reader.end(error),
  })
  return reader
}

/** Starts a call, and sends along what goes with it until it is over. */
function start(
  requests: Requests,
  frame: UnsentFrame,
  options: CallOptions,
  asker: Asker,
  required?: boolean,
): Outgoing {
  const writer = new ItemWriter((body) => requests.send({ type: 'item', body }, { of: made }, false))
  const made = requests.start(
    frame,
    {
      heard(answer) {
        if (answer.type === 'more') writer.more(answer.items)
        else {
          if (answer.type !== 'item') writer.stop()
          asker.heard(answer)
        }
      },
      failed(error) {
        writer.stop()
        asker.failed(error)
      },
    },
    options,
    required,
  )
  const { items } = options
  if (items !== undefined) {
    writer
      .sendAll(items)
      .then((whole) => {
        if (whole) requests.send({ type: 'end' }, { of: made })
      })
      .catch((error) => requests.abandon(made, error))
  }
  return made
}
