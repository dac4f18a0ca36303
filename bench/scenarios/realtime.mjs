// Channels and what they are compared with: calls, rooms, joining, all as Socket.IO's clients and ours speak.

import { join } from 'node:path'
import { benchFolder } from '../peers.mjs'

/** @import { Measuring, Peer, Scenario } from '../model.ts' */

/** What a client of each says; `#########` is a number of its own for each (see load/session-load.c). */
const body = JSON.stringify({ text: 'What is said in a room is seldom longer than this one line.' })
const conversations = {
  polyplex: {
    path: '/polyplex',
    header: 'Sec-WebSocket-Protocol: polyplex.1',
    hellos: [
      '1:{"type":"connect"}',
      '1:{"type":"join","id":1,"channel":"room"}',
      '0:{"type":"ack","position":1}',
    ],
    call: `{"type":"call","id":#########,"channel":"room","event":"call","body":${body}}`,
    say: `{"type":"send","id":#########,"channel":"room","event":"say","body":${body}}`,
    // As our client does it.
    others: {
      ignore: '{"type":"ack"',
      acknowledge: '{"type":"ack","position":#########}',
      'acknowledge-every': 32,
    },
  },
  'socket.io': {
    path: '/socket.io/?EIO=4&transport=websocket',
    header: 'X-Client: bench',
    hellos: ['1:40', '1:421["join","room"]'],
    call: `42#########["call",${body}]`,
    say: `42["say",${body}]`,
    others: { greetings: 1 },
  },
  // The server's own topics, without sessions, positions and history.
  'polyplex-topic': {
    path: '/',
    header: 'X-Client: bench',
    hellos: [],
    call: body,
    say: `{"type":"publish","channel":"room","event":"said","body":${body},"offset":#########}`,
    others: {},
  },
}

const conversationWith = (/** @type {Peer} */ { name }) =>
  conversations[name === 'socket.io' || name === 'polyplex-topic' ? name : 'polyplex']

/** Opens sessions that join, then has them say units. */
function talk(
  /** @type {Measuring} */ { load, peer },
  /** @type {import('../model.ts').RunningServer} */ server,
  /** @type {'call' | 'say'} */ unit,
  /** @type {Record<string, number>} */ options,
) {
  const conversation = conversationWith(peer)
  const { path, header, hellos, others } = conversation
  return load(
    'session-load',
    server,
    { path, header, unit: conversation[unit], ...others, ...options },
    hellos,
  )
}

const compared = ['polyplex', 'socket.io']

/** @returns {Scenario} */
function calls(/** @type {{ name: string, inFlight: number }} */ { name, inFlight }) {
  const title = `call with an answer, ${inFlight} in flight`
  return {
    name,
    title,
    mix: `70 bytes of JSON, answered with the same, 100 sessions in a room, ${inFlight} in flight on each`,
    figures: [{ id: name, title, unit: 'µs' }],
    peers: compared,
    estimateSeconds: ({ seconds }) => seconds + 2.5,
    suits: (peer) => peer.can({ kind: 'room' }),
    async measure(measuring) {
      const server = await measuring.serve({ kind: 'room' })
      const result = await talk(measuring, server, 'call', { connections: 100, 'in-flight': inFlight })
      return { ...result, values: { [name]: result['cpuMicroseconds'] } }
    },
  }
}

/** @returns {Scenario} */
function room(
  /** @type {{ name: string, inFlight: number, history?: boolean, peers?: string[] }} */ {
    name,
    inFlight,
    history = false,
    peers = compared,
  },
) {
  const title = `room of 500${history ? ' with history' : ''}, ${inFlight} in flight`
  return {
    name,
    title,
    mix: `70 bytes of JSON to 500 sessions in a room${history ? ' that keeps 200 messages' : ''}, ${inFlight} in flight; per delivery`,
    figures: [{ id: name, title, unit: 'µs' }],
    peers,
    estimateSeconds: ({ seconds }) => seconds + 3,
    suits: (peer) => peer.can({ kind: 'room', history }),
    async measure(measuring) {
      const server = await measuring.serve({ kind: 'room', history })
      const result = await talk(measuring, server, 'say', {
        connections: 500,
        'in-flight': inFlight,
        'fan-out': 1,
      })
      return { ...result, values: { [name]: result['cpuMicroseconds'] } }
    },
  }
}

/** @type {Scenario} */
const joining = {
  name: 'join',
  title: 'joining, and being there',
  mix: '10 000 sessions connect one after the other and join a room; a second later the memory of the server is looked at',
  figures: [
    { id: 'join', title: 'connecting and joining', unit: 'µs' },
    { id: 'joined-memory', title: 'memory of a joined idle session', unit: 'bytes' },
  ],
  peers: compared,
  needsFreshServer: true,
  estimateSeconds: () => 10,
  suits: (peer) => peer.can({ kind: 'room' }),
  async measure(measuring) {
    const server = await measuring.serve({ kind: 'room' })
    const result = await talk(measuring, server, 'call', { connections: 10_000, 'in-flight': 0 })
    return {
      values: { join: result['cpuMicrosecondsToJoin'], 'joined-memory': result['bytesPerConnection'] },
    }
  },
}

/** @returns {Scenario} */
function crowd(/** @type {number} */ sessions) {
  const name = `crowd-${sessions}`
  const many = sessions.toLocaleString('en')
  return {
    name,
    title: `${many} join a channel with presence, and leave it`,
    mix: `${many} sessions, 200 at a time, connect and join; then all close at once. One more stays and listens`,
    figures: [
      { id: `${name}-join`, title: `${many} join with presence`, unit: 'µs' },
      { id: `${name}-leave`, title: `${many} leave`, unit: 'µs' },
      { id: `${name}-heard`, title: `${many} join: what each hears of the others`, unit: 'bytes' },
    ],
    peers: ['polyplex'],
    needsFreshServer: true,
    maxRounds: 1,
    estimateSeconds: () => 15 + sessions / 1_000,
    suits: (peer) => peer.can({ kind: 'room', presence: true }),
    async measure({ serve, run, library }) {
      const server = await serve({ kind: 'room', presence: true })
      const task = JSON.stringify({ ...server, library, sessions })
      const program = { program: process.execPath, args: [join(benchFolder, 'load', 'crowd-load.mjs'), task] }
      const result = await run(program, 120)
      return {
        values: {
          [`${name}-join`]: result['cpuMicrosecondsToJoin'],
          [`${name}-leave`]: result['cpuMicrosecondsToLeave'],
          [`${name}-heard`]: result['bytesHeard'],
        },
        details: result,
      }
    },
  }
}

export default [
  calls({ name: 'call', inFlight: 1 }),
  calls({ name: 'call-16', inFlight: 16 }),
  room({ name: 'room', inFlight: 1 }),
  room({ name: 'room-8', inFlight: 8 }),
  joining,
  crowd(900),
  crowd(10_000),
  room({ name: 'room-history', inFlight: 1, history: true, peers: ['polyplex', 'polyplex-topic'] }),
  room({ name: 'room-history-8', inFlight: 8, history: true, peers: ['polyplex', 'polyplex-topic'] }),
]
