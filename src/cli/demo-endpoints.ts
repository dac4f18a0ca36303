import type { RouteOptions } from '../server/index.ts'
import { chatRoom } from './chat-room.ts'
import { answer, lossless } from './flow.ts'

/** How often `/clock` tells the time, in milliseconds. */
const tickMs = 5_000

const echo: RouteOptions<undefined> = { ...lossless, message: answer }

const upper: RouteOptions<undefined> = {
  ...lossless,
  message(socket, data) {
    if (typeof data === 'string') answer(socket, `${data.toUpperCase()}!!!`)
    else socket.close(1003, 'Only text has upper case')
  },
}

const clock: RouteOptions<NodeJS.Timeout | undefined> = {
  open(socket) {
    const tell = () => socket.send(new Date().toISOString())
    tell()
    socket.data = setInterval(tell, tickMs)
  },
  close: (socket) => clearInterval(socket.data),
}

/** The WebSocket endpoints of the demo. */
export function demoEndpoints(): {
  '/echo': RouteOptions<undefined>
  '/upper': RouteOptions<undefined>
  '/clock': RouteOptions<NodeJS.Timeout | undefined>
  '/chat': ReturnType<typeof chatRoom>
} {
  return { '/echo': echo, '/upper': upper, '/clock': clock, '/chat': chatRoom() }
}
