/** The command line makes no sense, or names something that is not there: one line for a person, exit code 1. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
