import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type ServeOptions, type Server, serve, type TlsOptions } from '../server/index.ts'
import { command } from './command.ts'
import { demoEndpoints } from './demo-endpoints.ts'
import { type RealtimeDemo, realtimeDemo } from './realtime-demo/index.ts'
import { addressOf, closeTimeoutMs, listenOptions, runServer } from './server-run.ts'
import { StaticFolder } from './static-folder.ts'
import { UsageError } from './usage-error.ts'

const everyAnswer = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
} as const

/** Our own page needs its own files and WebSockets to wherever its visitor wants, nothing else. */
const demoHeaders = {
  ...everyAnswer,
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ws: wss:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
} as const

/** A folder of somebody's own may hold inline scripts and whatever else; it is kept out of foreign frames. */
const folderHeaders = {
  ...everyAnswer,
  'Content-Security-Policy': "object-src 'none'; base-uri 'self'; frame-ancestors 'self'",
} as const

const demoFolder = fileURLToPath(new URL('demo', import.meta.url))
/** The built package: the page imports `polyplex` from here, as any other page would. */
const packageFolder = fileURLToPath(new URL('..', import.meta.url))

export const serveCommand = command({
  name: 'serve',
  operands: '[DIR]',
  operandCounts: [0, 1],
  options: {
    ...listenOptions,
    'tls-cert': {
      type: 'string',
      value: 'FILE',
      help: 'certificate in PEM: serves https and wss, HTTP/2 too',
    },
    'tls-key': { type: 'string', value: 'FILE', help: 'its private key in PEM' },
  },
  description: `Serves the files of DIR (without DIR the demo: a chat, and a bench for WebSockets)
and four WebSocket endpoints:
  /echo   sends back what it gets
  /upper  answers with the text in upper case and three exclamation marks
  /clock  tells the time at once and every 5 seconds
  /chat   passes what one says to all others, and tells who came and left
The demo has the rooms of its chat besides, such as /channels/room:lobby, for curl
and any WebSocket.
Pages of other origins may not connect.`,
  notes: `Examples:
  polyplex serve
  polyplex serve public --port 3000 --host 127.0.0.1

Ends with exit code 0 on SIGINT or SIGTERM, closing every connection with 1001;
with 1 where it cannot listen.`,
  async run({ values, positionals }) {
    const address = addressOf(values)
    const [directory] = positionals
    const folder = await (directory === undefined
      ? StaticFolder.open(demoFolder, demoHeaders)
      : StaticFolder.open(directory, folderHeaders))
    const tls = await tlsFrom(values['tls-cert'], values['tls-key'])
    const paths = demoEndpoints()
    const options: ServeOptions<undefined> = {
      ...address,
      ...(tls !== undefined && { tls }),
      limits: { closeTimeoutMs },
      compression: true,
    }
    const answerFrom = async (request: Request): Promise<Response> => {
      const found = await folder.answer(request)
      const { pathname, protocol } = new URL(request.url)
      return found.status === 404 && pathname in paths ? upgradeRequired(protocol) : found
    }
    const serveFolder = () => serve({ ...options, paths, fetch: answerFrom })
    const serveDemo = () =>
      withRealtime(async (demo) => {
        const library = await StaticFolder.open(packageFolder, demoHeaders)
        return serve({
          ...options,
          app: demo.app,
          dialects: demo.dialects,
          paths: { ...paths, ...demo.paths },
          fetch: (request) => demo.answer(request) ?? libraryAnswer(library, request) ?? answerFrom(request),
        })
      })
    return runServer('serve', directory === undefined ? serveDemo : serveFolder, {
      json: values.json,
      lines: (http, ws, { bold, dim }) => [
        `${directory === undefined ? 'Polyplex demo' : `Serving ${directory}`}: ${bold(http)}`,
        `WebSockets: ${Object.keys(paths)
          .map((path) => ws + path.slice(1))
          .join('  ')}`,
        ...(directory === undefined ? [`The chat by hand: curl -N ${http}channels/room:lobby`] : []),
        dim('Ctrl+C stops it.'),
      ],
    })
  },
})

/** Serves with the chat behind it; they end together. */
async function withRealtime(start: (demo: RealtimeDemo) => Promise<Server>): Promise<Server> {
  const demo = await realtimeDemo()
  try {
    const server = await start(demo)
    void server.closed.then(() => demo.close())
    return server
  } catch (error) {
    await demo.close()
    throw error
  }
}

/** What the page imports: the browser entry of the package with its parts, and the ledger that the server keeps too. */
function libraryAnswer(library: StaticFolder, request: Request): Promise<Response> | undefined {
  const url = new URL(request.url)
  const [, path = ''] = /^\/polyplex\/([\w./-]+)$/.exec(url.pathname) ?? []
  const file = path === 'ledger.js' ? 'cli/realtime-demo/ledger.js' : path
  const isOurs = file !== path || /^(index\.browser|shared\/[\w-]+)\.js(\.map)?$/.test(path)
  return isOurs ? library.answer(new Request(new URL(`/${file}`, url), request)) : undefined
}

/** A plain request to an address that speaks WebSocket (RFC 9110 §15.5.22); HTTP/2 knows no `Upgrade`. */
function upgradeRequired(protocol: string): Response {
  const headers = new Headers({ 'Content-Type': 'text/plain; charset=utf-8', 'Sec-WebSocket-Version': '13' })
  if (protocol === 'http:') {
    headers.set('Upgrade', 'websocket')
    headers.set('Connection', 'Upgrade')
  }
  return new Response('This address speaks WebSocket.\n', { status: 426, headers })
}

async function tlsFrom(cert: string | undefined, key: string | undefined): Promise<TlsOptions | undefined> {
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined) {
    throw new UsageError('options --tls-cert and --tls-key go together')
  }
  return { cert: await readPem(cert), key: await readPem(key) }
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UsageError(`cannot read '${path}' (${code})`)
  }
}
