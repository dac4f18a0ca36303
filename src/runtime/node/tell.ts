// A test with a clock of its own may put another one in its place.
const { nextTick } = process

/** Lets what an application threw reach the process, behind what is being done. */
export function throwLater(error: unknown): void {
  nextTick(() => {
    throw error
  })
}

/**
 * Calls what belongs to the application. What it throws reaches the process as an uncaught exception, as with any
 * emitter, but not in the midst of what is being read or written.
 */
export function tell(listeners: () => void): void {
  try {
    listeners()
  } catch (error) {
    throwLater(error)
  }
}
