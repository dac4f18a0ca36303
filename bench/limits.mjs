// What must be reached: our figure as a part of another's, at most. Keys are ids of figures.

/** @type {Record<string, Partial<Record<'ws' | 'bun' | 'socket.io' | 'polyplex-topic', number>>>} */
export const limits = {
  'echo-64-binary': { ws: 0.7, bun: 1.1 },
  'echo-64-binary-16': { ws: 0.085, bun: 1.1 },
  'echo-64-text': { ws: 0.72, bun: 1.25 },
  'echo-64-text-16': { ws: 0.11, bun: 1.5 },
  'echo-4k': { ws: 0.72, bun: 1.0 },
  'echo-64k': { ws: 0.5, bun: 0.85 },
  'echo-1m': { ws: 0.95, bun: 1.0 },
  'fan-out': { ws: 0.58, bun: 1.3 },
  'fan-out-8': { ws: 0.11, bun: 1.1 },
  handshake: { ws: 0.35, bun: 2.0 },
  'idle-memory': { ws: 0.45, bun: 1.6 },
  'echo-deflate': { ws: 0.33, bun: 1.5 },
  'fan-out-deflate': { ws: 0.12, bun: 0.5 },
  'deflate-memory': { ws: 0.25 },
  'latency-p99': { ws: 1.0 },
  call: { 'socket.io': 0.6 },
  'call-16': { 'socket.io': 0.25 },
  room: { 'socket.io': 0.62 },
  'room-8': { 'socket.io': 0.12 },
  join: { 'socket.io': 0.4 },
  'joined-memory': { 'socket.io': 0.5 },
  'room-history': { 'polyplex-topic': 1.5 },
  'room-history-8': { 'polyplex-topic': 1.5 },
}

/**
 * What polyplex/ws must reach: its figure as a part of that of ws, with the same program, at most.
 * @type {Record<string, number>}
 */
export const dropInLimits = { 'echo-64-binary': 0.75, 'echo-64-binary-16': 0.12 }

/** What our own figures must be below, whatever others do. */
export const bounds = {
  /** Milliseconds until `import 'polyplex/server'` is done. */
  'start-up': 40,
  /** Memory may grow by so much (1.05: 5 %) from the second quarter of the time to the last. */
  'deflate-memory-growth': 1.05,
  /** CPU per message may be so many times that of the smallest case. */
  'connections-growth': 1.5,
  'topics-growth': 1.5,
}
