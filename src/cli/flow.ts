import type { RouteOptions, Socket } from '../server/index.ts'

/** Largest message of the servers for tests and tools, in bytes. */
export const toolMessageBytes = 67_108_864

/**
 * Options under which nothing that was sent is ever dropped: whoever answers stops reading while its peer is behind,
 * so what waits for one peer is at most its last messages' answers.
 */
export const lossless = {
  backpressure: { highWaterMarkBytes: Number.POSITIVE_INFINITY },
  drain: (socket: { resume(): void }) => socket.resume(),
} satisfies RouteOptions<never>

/** Sends, and stops reading where the peer is behind; `lossless` reads on when it has caught up. */
export function answer<Data>(socket: Socket<Data>, data: string | Uint8Array): void {
  if (socket.send(data) === 'queued') socket.pause()
}
