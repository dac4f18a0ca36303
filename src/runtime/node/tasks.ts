/** Calls back in a task of its own: after everything that runs now, and all that it sets off. */
export const queueTask: (callback: () => void) => void = setImmediate

/**
 * Called in a microtask: calls back when no microtask is left, still before the next input and output. So everything
 * that an event sets off runs before the next event, as between the tasks of a browser, at a fraction of a task's cost.
 */
export const afterMicrotasks: (callback: () => void) => void = process.nextTick
