import { CallError } from '../../errors.ts'

/** An error of a handler of ours, as the server may know it: only one that was meant for it says what it is. */
export function errorForServer(error: unknown): CallError {
  return error instanceof CallError
    ? error
    : new CallError('ERR_HANDLER', { side: 'local', message: 'The handler failed', cause: error })
}
