import { memoryBus } from '../../src/bus/memory-bus.ts'
import { httpTransport } from '../../src/client/realtime/http-transport.ts'
import { platformTime } from '../../src/client/realtime/platform-time.ts'
import { readError } from '../../src/client/realtime/read-error.ts'
import type { Transport } from '../../src/client/realtime/transport.ts'
import { webSocketTransport } from '../../src/client/realtime/web-socket-transport.ts'
import { WebSocket } from '../../src/client/websocket.ts'
import { CallError } from '../../src/errors.ts'
import { type FaultyProxyOptions, faultyProxy } from '../../src/testing/faulty-proxy.ts'
import { seeded } from '../../src/testing/seeded.ts'
import { ChaosClient, type ToldReset } from './chaos-client.ts'
import { type Mark, Nodes } from './nodes.ts'
import { Violations } from './violations.ts'

/** By name, in order of preference. */
const transports: Readonly<Record<string, () => Transport>> = {
  websocket: () => webSocketTransport((url, protocol) => new WebSocket(url, protocol), readError),
  stream: () => httpTransport('stream', platformTime),
  events: () => httpTransport('events', platformTime),
  poll: () => httpTransport('poll', platformTime),
}
export const transportNames: readonly string[] = Object.keys(transports)

export interface ChaosOptions {
  readonly seed: number
  readonly clients: number
  readonly channels: number
  /** Messages and calls, of clients and the server together. */
  readonly messages: number
  readonly nodes: 1 | 2
  /** How long the server keeps a session without a carrier. Short: some are reset, and history catches up. */
  readonly windowMs: number
  /** Each client prefers another one of them, and falls back on the others. */
  readonly transports: readonly string[]
  readonly heartbeat: { readonly everyMs: number; readonly graceMs: number }
  readonly faults: Omit<FaultyProxyOptions, 'random'>
  /** How long a client stays away at most when it has lost its connection, in milliseconds. */
  readonly awayMs: number
  /** How long everybody waits at most before the next message, in milliseconds. */
  readonly paceMs: number
  /** When to give up, and say what is missing. */
  readonly maxMs: number
  readonly progress?: ((line: string) => void) | undefined
}

export interface ChaosReport {
  readonly violations: Violations
  /** What was done, by what it was. */
  readonly counts: Readonly<Record<string, number>>
  readonly faults: Readonly<Record<string, number>>
  /** Resets by how they are explained. */
  readonly resets: ReadonlyMap<string, number>
  readonly seconds: number
}

/** Channels each client is in. */
const channelsEach = 4
/** What a client has under way at a time. */
const atATime = 4

/** While the last messages are on their way, how often to look whether anything is missing. */
const lookEveryMs = 100

/** Clients and servers, everything they can do, and a network over which it goes wrong. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const begun = performance.now()
  const random = seeded(options.seed)
  const violations = new Violations()
  const resets = new Map<string, number>()
  const bus = memoryBus()
  await using nodes = await new Nodes({
    bus,
    count: options.nodes,
    windowMs: options.windowMs,
    heartbeat: options.heartbeat,
    violations,
  }).open()
  await using proxy = await faultyProxy(nodes.urls, { ...options.faults, random: seeded(options.seed + 1) })
  const reset = (told: ToldReset): void => {
    const explanation = explained(told, nodes, options)
    if (explanation === undefined) {
      const facts = JSON.stringify([nodes.sessions.get(told.before), nodes.sessions.get(told.after)])
      violations.add('reset not explained', `${JSON.stringify(told)} ${facts}`)
    } else resets.set(explanation, (resets.get(explanation) ?? 0) + 1)
  }
  const names = Array.from({ length: options.channels }, (_, index) => `room:${index + 1}`)
  const clients = Array.from({ length: options.clients }, (_, index) => {
    return new ChaosClient({
      name: `client ${index + 1}`,
      url: proxy.url,
      transports: rotated(options.transports, index).map((name) => (transports[name] as () => Transport)()),
      awayMs: options.awayMs,
      channels: sample(names, channelsEach, random),
      random: seeded(options.seed + 100 + index),
      violations,
      reset,
    })
  })
  const deadline = begun + options.maxMs
  const world = { options, nodes, clients, names, violations, random, left: options.messages, deadline }
  const server = new ServerSide(world)
  const timer = setInterval(() => {
    const done = options.messages - world.left
    const seconds = Math.round((performance.now() - begun) / 1_000)
    options.progress?.(`${seconds} s: ${done} of ${options.messages}, ${violations.total} violations`)
  }, 1_000)
  try {
    await within(deadline, Promise.all(clients.map((client) => client.join())))
    // As much is said by the server as by all clients.
    const actors = clients.flatMap((client) => [client, server])
    const workers = actors.flatMap((actor) => Array.from({ length: atATime }, () => work(world, actor)))
    const all = await within(deadline, Promise.all(workers))
    if (!all) violations.add('lost', 'an answer: calls were still open when time was over')
    proxy.calm()
    let missing = await whatIsMissing(world, server)
    while (missing.length > 0 && performance.now() < deadline) {
      await turn(lookEveryMs)
      missing = await whatIsMissing(world, server)
    }
    for (const what of missing) violations.add('lost', what)
    for (const error of nodes.errors) violations.add('wrong', `the server: ${error.stack}`)
  } finally {
    clearInterval(timer)
    for (const { connection } of clients) connection.close()
  }
  const sum = (of: (client: ChaosClient) => number): number => clients.reduce((all, one) => all + of(one), 0)
  return {
    violations,
    counts: {
      'said by clients': sum(({ said }) => [...said.values()].reduce((all, one) => all + one, 0)),
      'said by servers': server.said,
      'publications heard': sum(({ heard }) =>
        [...heard.values()].reduce((all, one) => all + one.marks.length, 0),
      ),
      'of unknown fate, as was said': sum(({ uncertain, unconfirmed }) => uncertain.size + unconfirmed),
      resumes: sum(({ resumes }) => resumes),
    },
    faults: proxy.happened,
    resets,
    seconds: (performance.now() - begun) / 1_000,
  }
}

interface World {
  readonly options: ChaosOptions
  readonly nodes: Nodes
  readonly clients: readonly ChaosClient[]
  readonly names: readonly string[]
  readonly violations: Violations
  readonly random: () => number
  readonly deadline: number
  left: number
}

async function work(world: World, actor: { act(): Promise<void> }): Promise<void> {
  while (world.left > 0 && performance.now() < world.deadline) {
    world.left -= 1
    await actor.act()
    await turn(world.random() * world.options.paceMs)
  }
}

/** What the server does by itself: publishes, sends to one member, asks one. */
class ServerSide {
  said = 0
  /** Questions that were asked, and what became of them. */
  readonly questions = new Map<string, 'answered' | 'gone'>()
  readonly #world: World
  readonly #published = new Map<string, number>()

  constructor(world: World) {
    this.#world = world
  }

  async act(): Promise<void> {
    const { nodes, names, random, violations } = this.#world
    this.said += 1
    const what = random()
    const members = [...nodes.members.values()]
    const member = members[Math.floor(random() * members.length)]
    if (what < 0.3 || member === undefined) {
      const name = names[Math.floor(random() * names.length)] as string
      const number = (this.#published.get(name) ?? 0) + 1
      this.#published.set(name, number)
      await nodes.publish(Math.floor(random() * nodes.apps.length), name, ['server', number])
    } else if (what < 0.6) {
      const stream = `${member.session} in ${member.ctx.channel}`
      member.hints += 1
      nodes.hints.set(stream, member.hints)
      member.ctx.send('hint', [stream, member.hints] satisfies Mark)
    } else {
      const question = `question ${this.said}`
      try {
        const answer = await member.ctx.call('ask', question, { deadlineMs: 3_600_000 })
        if (answer !== `${question} answered`) violations.add('wrong', `${question}: ${answer}`)
        this.questions.set(question, 'answered')
      } catch (error) {
        const isOver = error instanceof CallError && ['ERR_SESSION', 'ERR_JOIN_FIRST'].includes(error.code)
        const isExplained = isOver && nodes.sessions.get(member.session)?.ended !== undefined
        if (isExplained) this.questions.set(question, 'gone')
        else violations.add('wrong', `${question} to ${member.key}: ${error}`)
      }
    }
  }

  get published(): ReadonlyMap<string, number> {
    return this.#published
  }
}

/** Why a session had to begin anew, from what the servers know; nothing where it had not. */
function explained(told: ToldReset, { sessions }: Nodes, options: ChaosOptions): string | undefined {
  const [before, after] = [sessions.get(told.before), sessions.get(told.after)]
  if (before === undefined || after === undefined || told.reason !== 'unknown') return undefined
  const { ended } = before
  if (ended?.why === 'timeout' && ended.aloneMs >= options.windowMs)
    return 'unknown: away for longer than the window'
  return undefined
}

/** What somebody should have heard by now and has not; what nobody will ever hear again goes to `violations` at the end. */
async function whatIsMissing(world: World, server: ServerSide): Promise<string[]> {
  const { nodes, clients, names } = world
  const missing: string[] = []
  const logs = new Map<string, string[]>()
  for (const name of names) {
    const { messages } = await nodes.bus.history(name, { limit: 10_000_000 })
    logs.set(
      name,
      messages.map(({ data }) => (JSON.parse(data) as { body: Mark }).body.join(' ')),
    )
    const own = (logs.get(name) as string[]).filter((mark) => mark.startsWith('server ')).length
    if (own !== (server.published.get(name) ?? 0)) missing.push(`what the server published in ${name}`)
  }
  for (const client of clients) {
    for (const [name, { marks, first = 1 }] of client.heard) {
      const log = (logs.get(name) as string[]).slice(first - 1)
      if (log.length !== marks.length)
        missing.push(`${client.name} in ${name}: heard ${marks.length} of ${log.length}`)
      const wrong = marks.findIndex((mark, index) => mark !== log[index])
      if (wrong >= 0)
        missing.push(`${client.name} in ${name}: heard ${marks[wrong]} where ${log[wrong]} was said`)
    }
    // What has not arrived is what the client was told may not.
    let gone = 0
    for (const [name, said] of client.said) {
      const arrived = nodes.arrived.get(`${client.name} in ${name} to the server`)
      for (let number = 1; number <= said; number++) {
        const isThere = number <= (arrived?.last ?? 0) && arrived?.missing.has(number) === false
        if (!isThere && !client.uncertain.has(`${name} ${number}`)) gone += 1
      }
    }
    if (gone > client.unconfirmed)
      missing.push(`${gone} events of ${client.name}, told of ${client.unconfirmed}`)
    for (const [post, offset] of client.posted) {
      const [name = '', number = ''] = post.split(' ')
      const mark = (logs.get(name) as string[])[offset - 1]
      if (mark !== `${client.name} ${number}`)
        missing.push(`${post} of ${client.name} at ${offset}: there is ${mark}`)
    }
    for (const [question, times] of client.asked) {
      if (times !== 1) world.violations.add('doubled', `${question} to ${client.name}`)
    }
  }
  const asked = new Set(clients.flatMap((client) => [...client.asked.keys()]))
  for (const [question, outcome] of server.questions) {
    if (outcome === 'answered' && !asked.has(question)) missing.push(`${question}: answered, and never asked`)
  }
  for (const [stream, sent] of nodes.hints) {
    const [session = ''] = stream.split(' in ')
    const facts = nodes.sessions.get(session)
    const client = clients.find(({ name }) => name === facts?.client)
    const heard = client?.hints.get(stream)
    // A session that is gone takes what waited for it along, but leaves no hole.
    const isOver = facts?.ended !== undefined || client?.session !== session
    if (!isOver && heard?.last !== sent) missing.push(`hints ${stream}: ${heard?.last} of ${sent}`)
    if ((heard?.missing.size ?? 0) > 0) missing.push(`hints ${stream}: ${[...(heard?.missing ?? [])].join()}`)
  }
  return missing
}

/** Resolves with whether `done` was in time. */
async function within(deadline: number, done: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), deadline - performance.now())
  })
  try {
    return await Promise.race([done.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Lets others have their turn, for so long. */
function turn(ms: number): Promise<void> {
  return new Promise((resolve) => (ms < 1 ? setImmediate(resolve) : setTimeout(resolve, ms)))
}

/** The same, beginning with another one. */
function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const first = by % items.length
  return [...items.slice(first), ...items.slice(0, first)]
}

function sample(names: readonly string[], count: number, random: () => number): string[] {
  const left = [...names]
  return Array.from({ length: Math.min(count, names.length) }, () => {
    return left.splice(Math.floor(random() * left.length), 1)[0] as string
  })
}
