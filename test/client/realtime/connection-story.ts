import type { Channel } from '../../../src/client/realtime/channel.ts'
import { Connection, type ConnectionSettings } from '../../../src/client/realtime/connection.ts'
import { defaultDelays } from '../../../src/client/realtime/reconnect.ts'
import type { DownFrame, UpFrame } from '../../../src/codec/frame.ts'
import { ModelNetwork } from './model-network.ts'
import { ModelServer } from './model-server.ts'
import { VirtualTime } from './virtual-time.ts'

type Numbered = Extract<UpFrame, { readonly id: number }>

/** A connection to a server that a test writes, on a clock that it turns. */
export class ConnectionStory {
  readonly time = new VirtualTime()
  readonly server = new ModelServer(this.time)
  readonly network = new ModelNetwork(this.time, this.server)
  readonly connection: Connection
  /** Errors that nobody listened to. */
  readonly reported: unknown[] = []
  /** Where the channel is when somebody joins. */
  at = { epoch: 'e', offset: 10 }
  /** Answers to frames; what it answers nothing to is answered as usual: joins and leaves succeed. */
  script: (frame: Numbered) => readonly DownFrame[] | undefined = () => undefined

  /** `prepare` is called before the first attempt to connect. */
  constructor(
    settings: Partial<ConnectionSettings> = {},
    prepare: (story: ConnectionStory) => void = () => {},
  ) {
    this.server.handle = (frame) => {
      if ('id' in frame)
        for (const answer of this.script(frame) ?? this.#usual(frame)) this.server.say(answer)
    }
    this.connection = new Connection(
      {
        url: 'ws://model/',
        transports: [this.network],
        reconnect: defaultDelays,
        openTimeoutMs: 10_000,
        maxQueueBytes: 1_000_000,
        time: this.time,
        auth: undefined,
        callDeadlineMs: 30_000,
        report: (error) => this.reported.push(error),
        ...settings,
      },
      () => {},
    )
    prepare(this)
    this.connection.start()
  }

  /** A story with a channel that was joined. */
  static async joined(settings: Partial<ConnectionSettings> = {}): Promise<[ConnectionStory, Channel]> {
    const story = new ConnectionStory(settings)
    const room = story.connection.channel('room')
    const joined = room.join()
    await story.pass(100)
    await joined
    return [story, room]
  }

  /** Lets time pass, and everything that waits for promises happen, before and after. */
  async pass(ms: number): Promise<void> {
    await turn()
    this.time.advance(ms)
    await turn()
  }

  /** Loses the connection and waits until there is another. */
  async breakAndReturn(): Promise<void> {
    this.network.cut()
    await this.pass(2_000)
  }

  publish(offset: number, body: unknown = offset): void {
    this.server.say({ type: 'publish', channel: 'room', event: 'message', body, offset })
  }

  /** Types of all numbered frames that took effect. */
  get types(): string[] {
    return this.server.effects.map(({ type }) => type)
  }

  /** The last frame of that type that took effect. */
  last<Type extends Numbered['type']>(type: Type): Extract<Numbered, { readonly type: Type }> | undefined {
    const frame = this.server.effects.findLast((one) => one.type === type)
    return frame as Extract<Numbered, { readonly type: Type }> | undefined
  }

  #usual(frame: Numbered): readonly DownFrame[] {
    if (frame.type === 'join')
      return [{ type: 'joined', to: frame.id, channel: frame.channel, at: this.at, welcome: 'welcome' }]
    if (frame.type === 'leave') return [{ type: 'left', to: frame.id, channel: frame.channel, why: 'normal' }]
    if (frame.type === 'authenticate') return [{ type: 'reply', to: frame.id }]
    return []
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The code that a promise is rejected with. */
export function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error) => error.code,
  )
}
