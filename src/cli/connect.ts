import { readFileSync } from 'node:fs'
import { STATUS_CODES } from 'node:http'
import { stdin, stdout } from 'node:process'
import { HandshakeError, RealtimeError, WebSocket } from '../index.ts'
import type { Arguments } from './command.ts'
import { command } from './command.ts'
import {
  type ConnectionReport,
  type Ending,
  jsonReport,
  plainReport,
  printBadEnding,
  printFailure,
  terminalReport,
  visible,
} from './connection-report.ts'
import { toolMessageBytes } from './flow.ts'
import { linesOf } from './lines.ts'
import { Prompt } from './prompt.ts'
import { closeTimeoutMs } from './server-run.ts'
import { printProblem } from './terminal.ts'
import { UsageError } from './usage-error.ts'

const options = {
  protocol: { type: 'string', short: 'p', value: 'NAME', multiple: true, help: 'subprotocol to offer' },
  header: {
    type: 'string',
    short: 'H',
    value: "'NAME: VALUE'",
    multiple: true,
    help: 'header field to send',
  },
  binary: { type: 'boolean', help: 'send lines as binary messages' },
  hex: { type: 'boolean', help: 'send lines of hex digits as binary messages' },
  once: { type: 'boolean', help: 'close after the first message, or with --ping after the first pong' },
  listen: { type: 'boolean', help: 'stay connected when the input has ended' },
  ping: { type: 'boolean', help: 'ping every second and print the round-trip times' },
  json: { type: 'boolean', help: 'print every event as one line of JSON' },
  http2: { type: 'boolean', help: 'connect over HTTP/2 (RFC 8441)' },
  'tls-ca': { type: 'string', value: 'FILE', help: 'trust certificates signed by this one (PEM)' },
  insecure: {
    type: 'boolean',
    help: 'trust any certificate: others can listen in',
  },
} as const

type Given = Arguments<typeof options>['values']

const exitCodes = { closed: 0, misused: 1, notConnected: 2, closedAbnormally: 3 } as const

/** Close codes of a connection that ended as it should: normal, going away, and a close frame without a code. */
const goodCodes: ReadonlySet<number> = new Set([1000, 1001, 1005])

/** With so much unsent, no more input is read until the server has caught up. */
const sendAheadBytes = 1_048_576
/** How long to wait for a server to show, by a pong, that it has read everything. */
const catchUpMs = 10_000
const pingEveryMs = 1_000

export const connectCommand = command({
  name: 'connect',
  operands: 'URL',
  operandCounts: [1, 1],
  options,
  description: `Connects to a WebSocket server. On a terminal: type a line to send it, with editing
and history; messages appear above. In a pipe: every line of the input is sent as a
message, and every message is printed as a line, binary ones as hex digits. When the
input ends, the connection closes once the server has read everything.`,
  notes: `Examples:
  polyplex connect ws://localhost:8080/echo
  echo hi | polyplex connect ws://localhost:8080/upper --once
  polyplex connect ws://localhost:8080/clock --listen --json < /dev/null
  polyplex connect wss://example.com -p chat.v2 -H 'Authorization: Bearer …'

Exit codes:
  0  the connection was closed normally (1000, 1001 or without a code)
  1  the command line makes no sense
  2  could not connect; standard error says why
  3  closed abnormally, or with --once before a message came; standard error has
     code and reason`,
  run: ({ values, positionals }) => new Conversation(values, positionals[0] as string).ended,
})

/** One connection from the command line, from dialling to the exit code. */
class Conversation {
  /** The exit code. */
  readonly ended: Promise<number>
  readonly #given: Given
  readonly #socket: WebSocket
  readonly #url: string
  #prompt: Prompt | undefined
  #report: ConnectionReport
  #failure: unknown
  #opened = false
  /** With `--once`: whether what was waited for has come. */
  #answered = false
  #pingTimer: NodeJS.Timeout | undefined

  /** @throws {UsageError} */
  constructor(given: Given, url: string) {
    this.#given = given
    this.#url = withScheme(url)
    const socket = connect(this.#url, given)
    this.#socket = socket
    this.#report = given.json ? jsonReport : plainReport
    const close = () => this.#close()
    stdout.once('error', close)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, close)

    socket.binaryType = 'arraybuffer'
    socket.addEventListener('open', () => this.#begin())
    socket.addEventListener('message', ({ data }) => this.#received(data))
    socket.addEventListener('error', (event) => {
      this.#failure ??= (event as { error?: unknown }).error
    })
    this.ended = new Promise((resolve) => {
      socket.addEventListener('close', (ending) => resolve(this.#end(ending)))
    })
  }

  #begin(): void {
    this.#opened = true
    if (stdin.isTTY && stdout.isTTY && !this.#given.json) {
      const prompt = new Prompt(
        (line) => this.#enter(line),
        () => this.#close(),
      )
      this.#prompt = prompt
      this.#report = terminalReport((line) => prompt.print(line))
    } else this.#sendInput().catch((error: unknown) => this.#fail(error))
    const { url, protocol, extensions } = this.#socket
    this.#report.opened({ url, protocol, extensions })
    if (this.#given.ping) this.#ping()
  }

  #received(data: string | ArrayBuffer): void {
    this.#report.message(typeof data === 'string' ? data : new Uint8Array(data))
    if (this.#given.once && !this.#given.ping) this.#answer()
  }

  #answer(): void {
    this.#answered = true
    this.#close()
  }

  // ------------------------------------------------------------------------------------------------ sending

  async #sendInput(): Promise<void> {
    const socket = this.#socket
    for await (const line of linesOf(stdin)) {
      if (socket.readyState !== WebSocket.OPEN) return
      this.#send(line)
      if (socket.bufferedAmount > sendAheadBytes) await this.#caughtUp()
    }
    const { once, listen, ping } = this.#given
    if (once || listen || ping) return
    // Answers that came before the pong have been printed; a closing socket would not hand them over any more.
    await this.#caughtUp()
    this.#close()
  }

  #enter(line: string): void {
    try {
      this.#send(line)
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      this.#prompt?.print(error.message)
    }
  }

  /** @throws {UsageError} */
  #send(line: string): void {
    const { binary, hex } = this.#given
    if (hex) this.#socket.send(bytesOfHex(line))
    else this.#socket.send(binary ? Buffer.from(line) : line)
  }

  /** Resolves when the server has read everything, as its pong shows, or the connection is gone. */
  async #caughtUp(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, catchUpMs)
    })
    const answered = this.#socket.ping().then(
      () => {},
      () => {},
    )
    await Promise.race([answered, late])
    clearTimeout(timer)
    // Messages that came with the pong are handed over in this turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve))
  }

  #ping(): void {
    this.#socket.ping().then(
      (ms) => {
        this.#report.pong(ms)
        if (this.#given.once) this.#answer()
        else this.#pingTimer = setTimeout(() => this.#ping(), pingEveryMs)
      },
      () => {}, // the connection is gone, and its end is told elsewhere
    )
  }

  // ------------------------------------------------------------------------------------------------ the end

  #close(): void {
    this.#socket.close(1000)
  }

  /** Gives up: the input was not what the options say. */
  #fail(error: unknown): void {
    if (this.#socket.readyState >= WebSocket.CLOSING) return
    this.#failure = error
    this.#close()
  }

  #end(ending: Ending): number {
    clearTimeout(this.#pingTimer)
    this.#prompt?.close()
    stdin.destroy()
    if (!this.#opened) return this.#notConnected()
    const isBad = !ending.wasClean || !goodCodes.has(ending.code)
    // On a terminal the line on standard error is enough.
    if (!isBad || this.#prompt === undefined) this.#report.closed(ending)
    const failure = this.#failure
    if (failure instanceof UsageError) {
      printProblem('connect', failure.message)
      return exitCodes.misused
    }
    if (isBad) {
      printBadEnding(ending, failure instanceof Error ? failure.message : undefined)
      return exitCodes.closedAbnormally
    }
    if (this.#given.once && !this.#answered) {
      printProblem('connect', 'the connection closed before a message came')
      return exitCodes.closedAbnormally
    }
    return exitCodes.closed
  }

  #notConnected(): number {
    const error = this.#failure
    const status = error instanceof HandshakeError ? error.status : undefined
    const reason = reasonOf(error)
    if (this.#given.json) {
      const code = error instanceof RealtimeError ? error.code : 'ERR_NETWORK'
      printFailure({ code, message: reason, status })
    }
    printProblem('connect', `could not connect to ${this.#url}: ${reason}`)
    return exitCodes.notConnected
  }
}

/** @throws {UsageError} where the URL, a subprotocol, a header field or a file is not usable */
function connect(url: string, given: Given): WebSocket {
  const { protocol, header, http2, insecure } = given
  const ca = given['tls-ca'] === undefined ? undefined : readPem(given['tls-ca'])
  try {
    return new WebSocket(url, [...protocol], {
      headers: headerFields(header),
      http2,
      limits: {
        maxMessageBytes: toolMessageBytes,
        maxInflationRatio: Number.POSITIVE_INFINITY,
        closeTimeoutMs,
      },
      tls: { ...(ca !== undefined && { ca }), ...(insecure && { rejectUnauthorized: false }) },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** `localhost:8080/echo` and `:8080` mean what a person means by them. */
function withScheme(url: string): string {
  if (/^:\d/.test(url)) return `ws://localhost${url}`
  return /^([a-z][a-z0-9+.-]*:\/\/|ws\+unix:)/i.test(url) ? url : `ws://${url}`
}

/** Header fields by name; one given several times is sent several times. */
function headerFields(given: readonly string[]): Record<string, string[]> {
  const fields: Record<string, string[]> = {}
  for (const text of given) {
    const colon = text.indexOf(':')
    if (colon < 1) throw new UsageError(`option --header must look like 'Name: value', not '${text}'`)
    const name = text.slice(0, colon).trim()
    fields[name] = [...(fields[name] ?? []), text.slice(colon + 1).trim()]
  }
  return fields
}

function bytesOfHex(line: string): Uint8Array {
  const digits = line.replace(/\s+/g, '')
  if (!/^([0-9a-f]{2})*$/i.test(digits)) {
    throw new UsageError(`with --hex a line has pairs of hex digits, not '${visible(line.slice(0, 40))}'`)
  }
  return Buffer.from(digits, 'hex')
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read '${path}' (${(error as NodeJS.ErrnoException).code})`)
  }
}

/** Why a connection could not be made, in one line. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown reason'
  if (error instanceof HandshakeError && error.status !== undefined && error.status !== 101) {
    const { status, body } = error
    const said = visible(body.trim().split('\n')[0]?.slice(0, 200) ?? '')
    const name = STATUS_CODES[status]
    return `the server answered ${status}${name === undefined ? '' : ` ${name}`}${said === '' ? '' : `: ${said}`}`
  }
  const { code } = (error.cause ?? {}) as { code?: string }
  const meaning = meanings[code ?? '']
  return meaning === undefined ? visible(error.message) : `${meaning} (${code})`
}

/** What the most frequent errors of the network mean. */
const meanings: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the other side broke the connection off',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the host name could not be looked up',
  ETIMEDOUT: 'the other side does not answer',
  EHOSTUNREACH: 'there is no way to that host',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself; see --tls-ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by nobody known; see --tls-ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by nobody known; see --tls-ca',
}
