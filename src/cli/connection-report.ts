import { stdout } from 'node:process'
import { printLine, printProblem, styleFor } from './terminal.ts'

/** How a connection ended, as far as a person or a script wants to know. */
export interface Ending {
  readonly code: number
  readonly reason: string
  readonly wasClean: boolean
}

/** Tells what happens on a connection. */
export interface ConnectionReport {
  opened(facts: { url: string; protocol: string; extensions: string }): void
  message(data: string | Uint8Array): void
  pong(ms: number): void
  closed(ending: Ending): void
}

/** For pipes: messages alone, one a line; binary as hex digits. */
export const plainReport: ConnectionReport = {
  opened() {},
  message: (data) => printLine(typeof data === 'string' ? data : hexOf(data)),
  pong: (ms) => printLine(`pong ${inMs(ms)}`),
  closed() {},
}

/** For scripts: every event as one line of JSON. */
export const jsonReport: ConnectionReport = {
  opened: (facts) => printJson({ type: 'open', ...facts }),
  message: (data) =>
    typeof data === 'string'
      ? printJson({ type: 'text', data })
      : printJson({ type: 'binary', bytes: data.length, hex: hexOf(data) }),
  pong: (ms) => printJson({ type: 'pong', ms: Number(ms.toFixed(3)) }),
  closed: ({ code, reason, wasClean }) => printJson({ type: 'close', code, reason, wasClean }),
}

/** For a person: `print` puts a line above what is being typed. */
export function terminalReport(print: (line: string) => void): ConnectionReport {
  const { bold, dim, green } = styleFor(stdout)
  return {
    opened({ url, protocol, extensions }) {
      const agreed = [protocol, extensions].filter((part) => part !== '').join(', ')
      print(`${green('connected')} to ${bold(url)}${agreed === '' ? '' : ` (${visible(agreed)})`}`)
      print(dim('Enter sends a line, Ctrl+D closes.'))
    },
    message(data) {
      if (typeof data === 'string') print(`${green('<')} ${visible(data)}`)
      else print(`${green('<')} ${spacedHexOf(data)} ${dim(`${data.length} bytes`)}`)
    },
    pong: (ms) => print(dim(`pong ${inMs(ms)}`)),
    closed: ({ code, reason }) =>
      print(dim(`closed with ${code}${reason === '' ? '' : ` ${visible(reason)}`}`)),
  }
}

/** One JSON event for a connection that could not be made, in the manner of `jsonReport`. */
export function printFailure(failure: { code: string; message: string; status: number | undefined }): void {
  printJson({ type: 'error', ...failure })
}

/** The line on standard error for a connection that ended badly. */
export function printBadEnding({ code, reason }: Ending, cause: string | undefined): void {
  const why = cause ?? (reason === '' ? '' : visible(reason))
  printProblem('connect', `closed with ${code}${why === '' ? '' : `: ${why}`}`)
}

function printJson(event: object): void {
  printLine(JSON.stringify(event))
}

function inMs(ms: number): string {
  return `${ms.toFixed(2)} ms`
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

function spacedHexOf(bytes: Uint8Array): string {
  return hexOf(bytes).replace(/..(?=.)/g, '$& ')
}

/** Text whose control characters cannot move the cursor, ring the bell, or worse. */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
