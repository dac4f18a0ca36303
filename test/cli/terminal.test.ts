import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { serve } from 'polyplex/server'
import { program } from './program.ts'

/** `script` of util-linux runs a program on a terminal of its own. */
const hasTerminal = spawnSync('script', ['--version']).stdout?.includes('util-linux') === true
const options = { skip: hasTerminal ? false : 'there is no `script` of util-linux to make a terminal' }

/** `polyplex connect` on a terminal. */
class Terminal {
  readonly exited: Promise<unknown[]>
  readonly #child
  #shown = ''
  #wake: () => void = () => {}

  constructor(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const command = [process.execPath, program, 'connect', ...args].map((word) => `'${word}'`).join(' ')
    this.#child = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm', NO_COLOR: '', ...env },
    })
    t.after(() => this.#child.kill('SIGKILL'))
    this.exited = once(this.#child, 'exit')
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += text
      this.#wake()
    })
  }

  type(keys: string): void {
    this.#child.stdin.write(keys)
  }

  /** Everything shown up to `wanted`, which will not be looked at again. */
  async shows(wanted: string): Promise<string> {
    for (;;) {
      const at = this.#shown.indexOf(wanted)
      if (at >= 0) {
        const shown = this.#shown.slice(0, at + wanted.length)
        this.#shown = this.#shown.slice(shown.length)
        return shown
      }
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#wake = resolve
        }),
        this.exited.then(() =>
          assert.fail(`'${wanted}' did not come; shown: ${JSON.stringify(this.#shown)}`),
        ),
      ])
    }
  }
}

test(
  'connect: on a terminal lines are edited, sent with Enter, and found again in the history',
  options,
  async (t) => {
    const server = await serve({ port: 0, message: (socket, data) => void socket.send(`you said ${data}`) })
    t.after(() => server.close())
    const terminal = new Terminal(t, [server.url])
    await terminal.shows('connected')
    await terminal.shows('> ')
    terminal.type('helol\x7f\x7flo\r') // two backspaces
    await terminal.shows('you said hello')
    terminal.type('second\r')
    await terminal.shows('you said second')
    terminal.type('\x1b[A\x1b[A\r') // twice up
    await terminal.shows('you said hello')
    terminal.type('\x04') // Ctrl+D
    await terminal.shows('closed with 1000')
    assert.deepEqual(await terminal.exited, [0, null])
  },
)

test('connect: a message above does not disturb what is being typed', options, async (t) => {
  const server = await serve({
    port: 0,
    open: (socket) => socket.subscribe('news'),
    message: (socket, data) => void socket.send(`you said ${data}`),
  })
  t.after(() => server.close())
  const terminal = new Terminal(t, [server.url])
  await terminal.shows('> ')
  terminal.type('half a l')
  await terminal.shows('half a l')
  server.publish('news', 'news')
  await terminal.shows('news')
  await terminal.shows('half a l')
  terminal.type('ine\r')
  await terminal.shows('you said half a line')
  terminal.type('\x03') // Ctrl+C
  assert.deepEqual(await terminal.exited, [0, null])
})

test('connect: what a server sends cannot steer the terminal', options, async (t) => {
  const server = await serve({
    port: 0,
    open: (socket) => void socket.send('\x1b]0;title\x07 \x9b2J \rover'),
  })
  t.after(() => server.close())
  const terminal = new Terminal(t, [server.url])
  await terminal.shows('\\x1b]0;title\\x07 \\x9b2J \\x0dover')
  terminal.type('\x04')
  await terminal.exited
})

test('connect: colours on a terminal, none with NO_COLOR', options, async (t) => {
  const server = await serve({ port: 0, message() {} })
  t.after(() => server.close())
  const coloured = new Terminal(t, [server.url])
  assert.ok((await coloured.shows('connected')).includes('\x1b[32m'))
  const plain = new Terminal(t, [server.url], { NO_COLOR: '1' })
  assert.ok(!(await plain.shows('connected')).includes('\x1b[32m'))
  for (const terminal of [coloured, plain]) {
    await terminal.shows('> ')
    terminal.type('\x04')
    await terminal.exited
  }
})
