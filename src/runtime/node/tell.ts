/**
 * Calls what belongs to the application. What it throws reaches the process as an uncaught exception, as with any
 * emitter, but not in the midst of what is being read or written.
 */
export function tell(listeners: () => void): void {
  try {
    listeners()
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
}
