import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, type TestContext } from 'node:test'
import { readJson, root } from '../../tools/project.mjs'

/** The built program, where package.json says it is. */
export const program: string = join(root, readJson(join(root, 'package.json')).bin.polyplex)

const children = new Set<ChildProcess>()
after(() => {
  for (const child of children) child.kill('SIGKILL')
})

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [program, ...args], { cwd: root, env: { ...process.env, ...env } })
  children.add(child)
  child.once('exit', () => children.delete(child))
  // A program that has ended takes no more input.
  child.stdin.on('error', () => {})
  return child
}

/** How a program ended and everything it printed. */
export interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `polyplex` with arguments to its end, with `input` as its whole standard input. */
export async function run(args: readonly string[], input = '', env: NodeJS.ProcessEnv = {}): Promise<Result> {
  const child = start(args, env)
  child.stdin.end(input)
  const [stdout, stderr, [code]] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { code, stdout, stderr }
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream.setEncoding('utf8')) text += chunk
  return text
}

/** A program that goes on until it is told to end. */
export class Running {
  readonly child: ChildProcess
  /** Exit code and signal. */
  readonly exited: Promise<[number | null, NodeJS.Signals | null]>
  readonly #lines: AsyncIterator<string>

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const child = start(args, env)
    this.child = child
    this.exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    child.stderr.pipe(process.stderr)
  }

  /** The next line on standard output. */
  async line(): Promise<string> {
    const { done, value } = await this.#lines.next()
    if (done) throw new Error('the program ended before the next line')
    return value
  }

  /** Types a line. */
  enter(line: string): void {
    this.child.stdin?.write(`${line}\n`)
  }

  /** Ends it the way a service manager does. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<[number | null, NodeJS.Signals | null]> {
    this.child.kill(signal)
    return this.exited
  }
}

/** A server of ours on a free port, with its addresses. */
export interface RunningServer {
  readonly program: Running
  /** Such as `http://localhost:40123/`. */
  readonly url: string
  /** Such as `ws://localhost:40123/`. */
  readonly ws: string
}

/** Starts `polyplex echo`, `relay` or `serve` on a free port; ended with the test. */
export async function startServer(t: TestContext, ...args: string[]): Promise<RunningServer> {
  const running = new Running([...args, '--port', '0', '--json'])
  t.after(() => running.stop('SIGKILL'))
  const { url, ws } = JSON.parse(await running.line()) as { url: string; ws: string }
  return { program: running, url, ws }
}
