import { once } from 'node:events'
import { stdout } from 'node:process'
import type { Server } from '../server/index.ts'
import type { OptionTable } from './command.ts'
import { printLine, printProblem, type Style, styleFor } from './terminal.ts'
import { UsageError } from './usage-error.ts'

/** What every command that listens understands. */
export const listenOptions = {
  port: { type: 'string', value: 'PORT', help: 'port to listen on; 0 lets the system choose (default 8080)' },
  host: { type: 'string', value: 'HOST', help: 'name or address to listen on (default all of this machine)' },
  json: { type: 'boolean', help: 'print one line of JSON with the addresses' },
} as const satisfies OptionTable

/** Where to listen, as options of `serve`. */
export function addressOf(values: { readonly port: string | undefined; readonly host: string | undefined }): {
  port: number
  hostname?: string
} {
  const { port = '8080', host } = values
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new UsageError(`option --port must be a whole number from 0 to 65535, not '${port}'`)
  }
  if (host === '') throw new UsageError('option --host must not be empty')
  return { port: Number(port), ...(host !== undefined && { hostname: host }) }
}

/** So much longer than the closing handshakes may take, in milliseconds, a shutdown waits at most. */
const shutdownMs = 2_000

/** How long a peer may take to answer our close frame when we stop, in milliseconds. */
export const closeTimeoutMs = 1_000

/** What a server says about itself once it listens. */
export interface Announcement {
  readonly json: boolean
  /** Lines for a person; `http` and `ws` are its addresses, ending in `/`. */
  lines(http: string, ws: string, style: Style): readonly string[]
}

/**
 * Starts a server, prints where it is, and runs until somebody ends it: then every socket is closed with 1001, and the
 * exit code is 0. A second signal ends the process at once.
 */
export async function runServer<Data>(
  commandName: string,
  start: () => Promise<Server<Data>>,
  announcement: Announcement,
): Promise<number> {
  let server: Server<Data>
  try {
    server = await start()
  } catch (error) {
    if (error instanceof UsageError) throw error
    printProblem(commandName, startProblem(error as ListenError))
    return 1
  }
  const stop = new AbortController()
  const stopped = Promise.race(
    ['SIGINT', 'SIGTERM', 'SIGHUP'].map((name) => once(process, name, { signal: stop.signal })),
  )
  const ws = server.url
  const http = ws.replace(/^ws/, 'http')
  if (announcement.json) printLine(JSON.stringify({ url: http, ws }))
  else for (const line of announcement.lines(http, ws, styleFor(stdout))) printLine(line)
  await stopped
  stop.abort()
  // Whatever still holds on to something by then has had its time.
  setTimeout(() => process.exit(0), shutdownMs).unref()
  await server.close()
  return 0
}

/** What the system says of an address that cannot be had. */
interface ListenError extends NodeJS.ErrnoException {
  readonly address?: string
  readonly port?: number
}

/** Why a server could not start, in one line. */
function startProblem(error: ListenError): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${error.port} is already in use; choose another one with --port`
    case 'EACCES':
      return `no permission to listen on port ${error.port}; ports from 1024 on need none`
    case 'EADDRNOTAVAIL':
      return `${error.address} is no address of this machine (option --host)`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name given with --host is unknown here (${error.code})`
    default:
      return `the server could not start: ${error.message}`
  }
}
