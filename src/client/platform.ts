import { afterMicrotasks, dial, dialHttp2, queueTask, runtime } from '../runtime/node/index.ts'
import type { OpeningRuntime } from './opening.ts'

/** What this platform gives the client. */
export const platform: OpeningRuntime = { ...runtime, dial, dialHttp2 }
export { afterMicrotasks, queueTask }
