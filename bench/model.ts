// The words of the benchmarks.

/** What a server program is asked to do; it gets this as JSON in its first argument and prints its port. */
export interface Task {
  /** echo: every message back to its sender; fan-out: to everybody; topics: to a topic with one subscriber, the sender; room: what peers with rooms call so. */
  kind: 'echo' | 'fan-out' | 'topics' | 'room'
  /** Bytes of a message, for servers whose limit would be too low. */
  size?: number
  /** permessage-deflate without context takeover, or as the server has it by default. */
  compression?: 'no takeover' | 'ordinary'
  /** Paths of key and certificate. */
  tls?: { key: string; cert: string }
  /** Topics each connection subscribes to. */
  topicsEach?: number
  /** A room that keeps messages, and one that tells who is there. */
  history?: boolean
  presence?: boolean
}

/** How to start a program. */
export interface Command {
  program: string
  args: string[]
}

/** A server to be measured. */
export interface Peer {
  name: string
  label: string
  /** Which tasks it can do; others are left empty in the table. */
  can(task: Task): boolean
  /** How to start it, or a sentence that says why it cannot be. */
  find(library: string): Found | Promise<Found>
  /** Only when asked for by name. */
  extra?: boolean
  /** Where its protocol is one on top of WebSocket. */
  speaks?: { path: string; greetings: number; textPrefix: string }
}

export type Found = { version: string; command: (task: Task) => Command } | { missing: string }

/** One figure of the table. */
export interface Figure {
  id: string
  title: string
  unit: 'µs' | 'bytes' | 'ms' | 'MB' | '%'
}

/** What one measurement of one peer gave. */
export interface Reading {
  /** By id of figure. */
  values: Record<string, number>
  /** Part of one processor that the server used, and the load generator. */
  serverCpu?: number
  generatorCpu?: number
  /** What was used by others than these two. */
  otherCpu?: number
  /** Whatever else is worth keeping. */
  details?: Record<string, unknown>
}

export interface RunningServer {
  port: number
  pid: number
}

/** What a scenario measures one peer with. */
export interface Measuring {
  peer: Peer
  seconds: number
  warmUp: number
  /** Starts the peer's server; the harness ends it. */
  serve(task: Task): Promise<RunningServer>
  /** Runs a load generator against a server and answers its line of results. */
  load(
    generator: string,
    server: RunningServer,
    options: Record<string, string | number>,
    hellos?: readonly string[],
  ): Promise<LoadResult>
  /** Runs another program and answers the line of JSON it prints. */
  run(command: Command, timeoutSeconds: number): Promise<LoadResult>
  /** A file with a frame for the load generators: `firstByte`, then payload. */
  frame(name: string, firstByte: number, payload: Uint8Array): string
  /** The library under test: the folder that is published as dist/. */
  library: string
  /** Paths of a key and a certificate for localhost. */
  certificate(): { key: string; cert: string }
  /** The floor, started with its one argument. */
  floor(kind: 'echo' | 'fan-out'): Promise<RunningServer>
  /** How this peer is started. */
  command(task: Task): Command
  settings: Settings
  /** What the scenario's `prepare` answered. */
  prepared: number
}

// biome-ignore lint/suspicious/noExplicitAny: each generator prints fields of its own
export type LoadResult = Record<string, any>

export interface Settings {
  rounds: number
  seconds: number
  /** For the case that watches memory. */
  minutes: number
  /** Until the memory of idle connections is looked at. */
  settleSeconds: number
}

/** A case, or a few that are measured at once: one or more lines of the table. */
export interface Scenario {
  name: string
  title: string
  /** What is sent, and how much of it. */
  mix: string
  figures: Figure[]
  /** Peers that are measured, apart from those asked for by name. */
  peers: readonly string[]
  /** What an earlier measurement leaves behind in a server would count. */
  needsFreshServer?: boolean
  /** At most so many rounds. */
  maxRounds?: number
  /** How long one measurement takes, for the progress display. */
  estimateSeconds(settings: Settings): number
  /** Whether a peer can take part. */
  suits(peer: Peer): boolean
  /** Once, with ws as the peer, before anything is measured; what it answers is given to every measurement. */
  prepare?(measuring: Measuring): Promise<number>
  measure(measuring: Measuring): Promise<Reading>
}

/** The results of a scenario as stored. */
export interface Stored {
  scenario: string
  title: string
  mix: string
  figures: Figure[]
  measuredAt: string
  machine: Machine
  settings: Settings
  peers: { name: string; label: string; version: string; readings: Reading[] }[]
  missing: { name: string; label: string; why: string }[]
}

export interface Machine {
  system: string
  kernel: string
  processor: string
  processors: number
  memoryGiB: number
  /** TCP's; it is a good part of the cost of a small message. */
  congestionControl?: string
  node: string
}
