import { stdin, stdout } from 'node:process'
import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline'

/** A line at the bottom of the terminal, with editing and history; what is printed goes above it. */
export class Prompt {
  readonly #lines: Interface
  #closed = false

  constructor(entered: (line: string) => void, left: () => void) {
    this.#lines = createInterface({ input: stdin, output: stdout, prompt: '> ', historySize: 1_000 })
    this.#lines.on('line', (line) => {
      entered(line)
      if (!this.#closed) this.#lines.prompt()
    })
    // Ctrl+D ends the input, and so does Ctrl+C where nobody listens for it.
    this.#lines.on('close', () => {
      if (this.#closed) return
      this.#closed = true
      stdout.write('\n')
      left()
    })
  }

  /** Prints a line and puts what is being typed below it again. */
  print(line: string): void {
    if (this.#closed) {
      stdout.write(`${line}\n`)
      return
    }
    const { rows } = this.#lines.getCursorPos()
    moveCursor(stdout, 0, -rows)
    cursorTo(stdout, 0)
    clearScreenDown(stdout)
    // The prompt goes up by as many rows as it had before it is drawn anew.
    stdout.write(`${line}\n${'\n'.repeat(rows)}`)
    this.#lines.prompt(true)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    cursorTo(stdout, 0)
    clearScreenDown(stdout)
    this.#lines.close()
  }
}
