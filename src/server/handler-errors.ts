import { RealtimeError } from '../errors.ts'
import type { Handlers } from './options.ts'
import type { Socket } from './socket.ts'

/** Whether a handler answered with a promise, its own or that of a library. */
export function isThenable(answer: unknown): answer is PromiseLike<unknown> {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'then' in answer &&
    typeof (answer as { then: unknown }).then === 'function'
  )
}

/** Hears of it when what a handler answered turns out to be a failure. */
export function onRejection(answer: unknown, failed: (cause: unknown) => void): void {
  if (isThenable(answer)) answer.then(undefined, failed)
}

/** Tells the application what went wrong. Its `error` handler may fail too: then the console is told. */
export function reportError<Data>(
  { error: tell }: Pick<Handlers<Data>, 'error'>,
  socket: Socket<Data> | undefined,
  error: Error,
): void {
  try {
    onRejection(tell?.(socket, error), (again) => console.error(again))
  } catch (again) {
    console.error(again)
  }
}

/** Tells the application that one of its handlers threw; without an `error` handler, the console. */
export function reportHandlerError<Data>(
  handlers: Pick<Handlers<Data>, 'error'>,
  socket: Socket<Data> | undefined,
  cause: unknown,
): void {
  const message = `A handler threw: ${cause instanceof Error ? cause.message : String(cause)}`
  const error = new RealtimeError('ERR_HANDLER', { side: 'local', message, cause })
  if (handlers.error === undefined) console.error(error)
  else reportError(handlers, socket, error)
}
