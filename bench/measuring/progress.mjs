// Tells how far the measurements are: one line that changes on a terminal, a line per case elsewhere.

/** @typedef {{ label: string, seconds: number }} Step */

export class Progress {
  #total = 0
  #done = 0
  #current = ''
  #isTerminal = process.stdout.isTTY === true
  /** @type {NodeJS.Timeout | undefined} */
  #timer
  #stepBegan = 0
  #stepSeconds = 0

  /** `total`: seconds all steps are expected to take together. */
  constructor(/** @type {number} */ total) {
    this.#total = total
    if (this.#isTerminal) this.#timer = setInterval(() => this.#draw(), 200)
  }

  begin(/** @type {string} */ label, /** @type {number} */ seconds) {
    this.#current = label
    this.#stepBegan = performance.now()
    this.#stepSeconds = seconds
    this.#draw()
  }

  /** The step that was begun is over. */
  step() {
    this.#done += this.#stepSeconds
    this.#stepSeconds = 0
  }

  /** A line that stays. */
  say(/** @type {string} */ line) {
    if (this.#isTerminal) process.stdout.write('\r\x1b[K')
    console.log(line)
    this.#draw()
  }

  end() {
    clearInterval(this.#timer)
    if (this.#isTerminal) process.stdout.write('\r\x1b[K')
  }

  #draw() {
    if (!this.#isTerminal) return
    const inStep = Math.min((performance.now() - this.#stepBegan) / 1000, this.#stepSeconds)
    const part = Math.min(1, (this.#done + inStep) / Math.max(this.#total, 1))
    const left = Math.max(0, this.#total - this.#done - inStep)
    const width = 24
    const filled = Math.round(part * width)
    const bar = `${'━'.repeat(filled)}\x1b[2m${'━'.repeat(width - filled)}\x1b[22m`
    const time = left > 90 ? `${Math.round(left / 60)} min` : `${Math.round(left)} s`
    const columns = process.stdout.columns || 80
    const text = `${Math.round(part * 100)
      .toString()
      .padStart(3)} %  ${time} left  ${this.#current}`
    process.stdout.write(`\r\x1b[K${bar} ${text.slice(0, columns - width - 2)}`)
  }
}
