import { connect } from '../../src/client/realtime/connect.ts'
import type { Carrier } from '../../src/client/realtime/transport.ts'
import { webSocketTransport } from '../../src/client/realtime/web-socket-transport.ts'
import { WebSocket } from '../../src/client/websocket.ts'
import type { DialectClient } from '../../src/testing/dialect-contract.ts'

/** What came, for whoever waits for so much of it. */
class Heard {
  readonly #all: unknown[] = []
  #stirred: (() => void) | undefined

  push(one: unknown): void {
    this.#all.push(one)
    this.#stirred?.()
  }

  async first(count: number): Promise<readonly unknown[]> {
    while (this.#all.length < count) {
      await new Promise<void>((resolve) => {
        this.#stirred = resolve
      })
    }
    return this.#all.slice(0, count)
  }
}

/** Our own client, whose connection can be lost. */
export async function joinNative(url: string, name: string, token: string): Promise<DialectClient> {
  let carrier: Carrier | undefined
  let lose: () => void = () => {}
  const transport = webSocketTransport((target, protocol) => new WebSocket(target, protocol))
  const connection = connect(url, {
    auth: token,
    reconnect: { firstMs: 10, maxMs: 20 },
    // The answer to nonsense.
    onError() {},
    transports: [
      {
        name: 'watched',
        open(target, events) {
          const opened = transport.open(target, events)
          lose = () => {
            opened.close(4000)
            events.closed({})
          }
          carrier = opened
          return opened
        },
      },
    ],
  })
  const channel = connection.channel(name)
  const heard = new Heard()
  const outs = new Heard()
  channel.on('message', (body) => heard.push(body))
  const close = (): void => connection.close()
  try {
    await Promise.all([connection.ready(), channel.join()])
  } catch (error) {
    close()
    throw error
  }
  connection.state.subscribe((state) => {
    if (state.status === 'refused' || state.status === 'waiting') outs.push(state.reason)
    if (state.status === 'waiting' && state.reason.why === 'goingAway') close()
  })
  return {
    send: (event, body) => channel.send(event, body),
    call: (event, body) => channel.call(event, body),
    heard: (count) => heard.first(count),
    async out() {
      const left = new Promise((resolve) => {
        channel.state.subscribe((state) => {
          if (state.status === 'left') resolve({ why: state.why, message: state.message })
        })
      })
      const { value } = channel.state
      if (value.status === 'left') return { why: value.why, message: value.message }
      return Promise.race([left, outs.first(1)])
    },
    sayNonsense: () => carrier?.send('{"type":"nonsense","id":-1}'),
    async comeBack(away) {
      const resumed = new Promise((resolve) => connection.when('resumed', resolve))
      lose()
      await away()
      await resumed
    },
    close,
  }
}

/** A text that says that its sender has been let in: a plain WebSocket is told of nothing but messages. */
const here = 'I am here: '

/** A WebSocket without a library. */
export async function joinPlainSocket(url: string, name: string, token: string): Promise<DialectClient> {
  const address = new URL(`/channels/${encodeURIComponent(name)}`, url)
  const socket = new WebSocket(address, { headers: { Authorization: `Bearer ${token}` } })
  const [heard, joined, out] = [new Heard(), new Heard(), new Heard()]
  const mine = `${here}${token} ${Math.random()}`
  socket.addEventListener('open', () => socket.send(mine))
  socket.addEventListener('message', ({ data }) => {
    if (data === mine) joined.push('joined')
    // Bytes are the nonsense of somebody.
    else if (typeof data === 'string' && !data.startsWith(here)) heard.push(data)
  })
  socket.addEventListener('close', ({ code, reason }) => {
    out.push({ code, reason })
    joined.push('refused')
  })
  if ((await joined.first(1))[0] === 'refused') throw new Error('Not let in')
  return {
    send: (_event, body) => socket.send(body as string),
    heard: (count) => heard.first(count),
    out: async () => (await out.first(1))[0],
    sayNonsense: () => socket.send(Uint8Array.of(1, 2, 3)),
    close: () => socket.close(),
  }
}

/** An event stream downwards, and requests upwards. */
export async function joinEventStream(url: string, name: string, token: string): Promise<DialectClient> {
  const address = new URL(`/channels/${encodeURIComponent(name)}`, url.replace(/^ws/, 'http'))
  const headers = { Authorization: `Bearer ${token}` }
  const [heard, out] = [new Heard(), new Heard()]
  let stop = new AbortController()
  let last = ''
  const listen = async (): Promise<void> => {
    stop = new AbortController()
    const { signal } = stop
    const response = await fetch(address, { headers: { ...headers, 'Last-Event-ID': last }, signal })
    if (!response.ok) throw new Error(`Not let in: ${response.status}`)
    void read(response).catch(() => {})
  }
  const read = async (response: Response): Promise<void> => {
    let rest = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      const events = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n\n')
      rest = events.pop() as string
      for (const event of events) {
        const fields = Object.fromEntries(event.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)))
        last = fields['id'] ?? last
        if (fields['event'] === undefined && fields['data'] !== undefined) heard.push(fields['data'])
        else if (fields['event'] === 'closed') out.push(JSON.parse(fields['data']))
      }
    }
  }
  const post = async (event: string, body: unknown): Promise<unknown> => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(`${address}?event=${event}`, { method: 'POST', headers, body: text })
    if (!response.ok) throw new Error(`Refused: ${response.status}`)
    return response.json()
  }
  await listen()
  let sent: Promise<unknown> = Promise.resolve()
  return {
    send: (event, body) => {
      sent = sent.then(() => post(event, body))
    },
    call: post,
    heard: (count) => heard.first(count),
    out: async () => (await out.first(1))[0],
    sayNonsense: () => void fetch(address, { method: 'DELETE', headers }).catch(() => {}),
    async comeBack(away) {
      stop.abort()
      await away()
      await listen()
    },
    close: () => stop.abort(),
  }
}
