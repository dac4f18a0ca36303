/** Warnings about what this interface is going to lose, each printed once. There are none. */
export const deprecation = {
  /** Whether nothing is printed. */
  disableWarnings: false,
  /** Texts by name; `false` for those that were printed. */
  deprecationWarningMap: {} as Record<string, string | false>,
  /** Prints the warning called `name`, unless that has happened. */
  warn(name: string): void {
    const text = this.deprecationWarningMap[name]
    if (this.disableWarnings || !text) return
    console.warn(`DEPRECATION WARNING: ${text}`)
    this.deprecationWarningMap[name] = false
  },
}
