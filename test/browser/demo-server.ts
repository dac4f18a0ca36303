import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, before } from 'node:test'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL(import.meta.resolve('polyplex/package.json'))).replace(
  /package\.json$/,
  'dist/cli/main.js',
)

/** The real command line program, serving the demo. */
export class DemoServer {
  /** Of the page, such as `http://localhost:8080/`. */
  readonly url: string
  readonly #kill: () => Promise<void>

  private constructor(url: string, kill: () => Promise<void>) {
    this.url = url
    this.#kill = kill
  }

  static async start(...options: string[]): Promise<DemoServer> {
    const child = spawn(process.execPath, [program, 'serve', '--port', '0', '--json', ...options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    const printed = once(createInterface(child.stdout), 'line')
    const [line] = await Promise.race([printed, exited.then(() => [undefined])])
    if (typeof line !== 'string') throw new Error('polyplex serve ended before it told its address')
    const { url } = JSON.parse(line) as { url: string }
    return new DemoServer(url, async () => {
      child.kill('SIGKILL')
      await exited
    })
  }

  /** Ends the process as a power cut would: no closing handshake. */
  kill(): Promise<void> {
    return this.#kill()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#kill()
  }
}

/** One server for all tests of a suite; it runs while they run. */
export function sharedDemo(): { readonly url: string } {
  let server: DemoServer | undefined
  before(async () => {
    server = await DemoServer.start()
  })
  after(() => server?.kill())
  return {
    get url() {
      if (!server) throw new Error('The server runs only while the tests of the suite run')
      return server.url
    },
  }
}
