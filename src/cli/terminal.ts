import { stderr, stdout } from 'node:process'

const { NO_COLOR } = process.env

/** Words in bold, dim or colour where a person looks; see https://no-color.org. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  green(text: string): string
  red(text: string): string
}

/** The style for a stream: colours on a terminal only, and none where `NO_COLOR` is set to anything. */
export function styleFor(stream: { readonly isTTY?: boolean }): Style {
  const coloured = stream.isTTY === true && (NO_COLOR === undefined || NO_COLOR === '')
  const paint =
    (code: number, end: number) =>
    (text: string): string =>
      coloured ? `\x1b[${code}m${text}\x1b[${end}m` : text
  return { bold: paint(1, 22), dim: paint(2, 22), green: paint(32, 39), red: paint(31, 39) }
}

/** From here on a reader who goes away (`… | head -1`) is no error; what is printed afterwards goes nowhere. */
export function surviveClosedOutput(): void {
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}

export function printLine(line: string): void {
  stdout.write(`${line}\n`)
}

/** One line on standard error, beginning with the name of the program. */
export function printProblem(commandName: string, message: string): void {
  const name = commandName === '' ? 'polyplex' : `polyplex ${commandName}`
  stderr.write(`${styleFor(stderr).red(`${name}:`)} ${message}\n`)
}
