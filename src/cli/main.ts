#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import process, { stderr, stdout } from 'node:process'
import { nearestName } from '../util/options.ts'
import { type Command, columns, helpOf, parse } from './command.ts'
import { printProblem, surviveClosedOutput } from './terminal.ts'
import { UsageError } from './usage-error.ts'

interface Entry {
  readonly summary: string
  load(): Promise<Command>
}

/** Loaded when wanted: `polyplex --version` need not know how to listen. */
const commands: Readonly<Record<string, Entry>> = {
  serve: {
    summary: 'serve the demo, or a folder, and a few WebSocket endpoints',
    load: async () => (await import('./serve.ts')).serveCommand,
  },
  echo: {
    summary: 'a server that sends every message back',
    load: async () => (await import('./echo.ts')).echoCommand,
  },
  relay: {
    summary: 'a server that sends every message to everybody on the same path',
    load: async () => (await import('./relay.ts')).relayCommand,
  },
  connect: {
    summary: 'talk to a WebSocket server from the terminal or in a pipe',
    load: async () => (await import('./connect.ts')).connectCommand,
  },
}

function overview(): string {
  const rows = Object.entries(commands).map(([name, { summary }]) => [name, summary] as const)
  return `Usage: polyplex COMMAND [options]

WebSocket servers and a client for the command line.

Commands:
${columns(rows)}

Options:
  -h, --help     show this help; behind a command, the help of the command
  -v, --version  show the version
`
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

async function run([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined) {
    stderr.write(overview())
    return 1
  }
  if (name === '--version' || name === '-v') {
    stdout.write(`${version()}\n`)
    return 0
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    return args[0] === undefined ? show(overview()) : run([args[0], '--help'])
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (entry === undefined) {
    const what = name.startsWith('-') ? 'option' : 'command'
    const names = [...Object.keys(commands), '--help', '--version']
    const nearest = nearestName(name, names)
    const hint = nearest === undefined ? '' : `; did you mean '${nearest}'?`
    printProblem('', `no ${what} '${name}'${hint} (polyplex --help lists what there is)`)
    return 1
  }
  try {
    const command = await entry.load()
    const given = parse(command, args)
    return given.help ? show(helpOf(command)) : await command.run(given)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    printProblem(name, `${error.message} (polyplex ${name} --help)`)
    return 1
  }
}

function show(text: string): number {
  stdout.write(text)
  return 0
}

surviveClosedOutput()
process.exitCode = await run(process.argv.slice(2))
