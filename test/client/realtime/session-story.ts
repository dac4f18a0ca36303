import { defaultDelays } from '../../../src/client/realtime/reconnect.ts'
import { type Beginning, ClientSession, type SessionSettings } from '../../../src/client/realtime/session.ts'
import type { ConnectionState } from '../../../src/client/realtime/state.ts'
import { outgoing } from '../../../src/client/realtime/upstream.ts'
import type { CountedFrame } from '../../../src/codec/frame.ts'
import { ModelNetwork } from './model-network.ts'
import { ModelServer } from './model-server.ts'
import { VirtualTime } from './virtual-time.ts'

/** A session, the server it talks to, what is between them, and everything that was told. */
export class SessionStory {
  readonly time = new VirtualTime()
  readonly server = new ModelServer(this.time)
  readonly network = new ModelNetwork(this.time, this.server)
  /** Another way to the same server. */
  readonly detour = new ModelNetwork(this.time, this.server, 'detour')
  readonly states: ConnectionState[] = []
  readonly beginnings: Beginning[] = []
  readonly frames: CountedFrame[] = []
  readonly faults: string[] = []
  /** Frames that the server does not take. */
  readonly tooLarge: string[] = []
  /** Tokens to give, one after the other; the last one for ever. */
  tokens: (string | undefined)[] = [undefined]
  /** Whether the token before was refused, each time one was wanted. */
  readonly refusals: boolean[] = []
  readonly session: ClientSession

  constructor(settings: Partial<SessionSettings> = {}, ways: 'network' | 'both' = 'network') {
    const all: SessionSettings = {
      url: 'ws://model/',
      transports: ways === 'both' ? [this.network, this.detour] : [this.network],
      reconnect: defaultDelays,
      openTimeoutMs: 10_000,
      maxQueueBytes: 1_000_000,
      time: this.time,
      ...settings,
    }
    this.session = new ClientSession(all, {
      state: (state) => this.states.push(state),
      token: (refused, given) => {
        this.refusals.push(refused)
        given(this.tokens.length > 1 ? this.tokens.shift() : this.tokens[0])
      },
      began: (how) => this.beginnings.push(how),
      frame: (frame) => this.frames.push(frame),
      refused: ({ text }) => this.tooLarge.push(text),
      fault: (error) => this.faults.push(error.code),
    })
  }

  /** A story in which the session is open. */
  static open(settings: Partial<SessionSettings> = {}): SessionStory {
    const story = new SessionStory(settings)
    story.session.start()
    story.time.advance(1_000)
    return story
  }

  /** A story whose first transport does not work, so that the session is open over the second. */
  static detoured(): SessionStory {
    const story = new SessionStory({}, 'both')
    story.network.refusal = {}
    story.session.start()
    story.time.advance(1_000)
    return story
  }

  send(body: unknown, required = false): boolean {
    return this.session.send(outgoing({ type: 'send', channel: 'room', event: 'message', body }), required)
  }

  publish(body: unknown): void {
    this.server.say({ type: 'send', event: 'message', body })
  }

  get status(): string {
    return this.session.state.status
  }

  /** Bodies the server got, in order. */
  get sent(): unknown[] {
    return this.server.effects.map((frame) => ('body' in frame ? frame.body : frame.type))
  }

  /** Bodies the client got, in order. */
  get got(): unknown[] {
    return this.frames.map((frame) => ('body' in frame ? frame.body : frame.type))
  }
}
