// @ts-check
// Chat: a room per path. `admit` decides who may come in, before the connection is a WebSocket, and gives the socket
// its data; everything said in a room goes to all others in it.
//
//   node examples/chat/server.mjs
//   npx polyplex connect 'ws://localhost:8080/rooms/kitchen?name=Ada'
//   npx polyplex connect 'ws://localhost:8080/rooms/kitchen?name=Bob'
import { serve } from 'polyplex/server'
import { runAsProgram } from '../program.mjs'

/** @typedef {{ name: string, room: string }} Guest */

/** @type {import('polyplex/server').RouteOptions<Guest>} */
const room = {
  admit({ query, params }) {
    const name = query.get('name')?.trim()
    if (!name || name.length > 40) return new Response('Say who you are: ?name=…\n', { status: 401 })
    return { data: { name, room: `room:${params['room']}` } }
  },
  open(socket) {
    const { name, room } = socket.data
    socket.subscribe(room)
    socket.publish(room, `${name} came`) // to all others; `server.publish` would be to all
  },
  message(socket, data) {
    const { name, room } = socket.data
    if (typeof data === 'string') socket.publish(room, `${name}: ${data}`)
  },
  close(socket) {
    const { name, room } = socket.data
    socket.publish(room, `${name} left`)
  },
}

export function start({ port = 0 } = {}) {
  return serve({ port, limits: { maxMessageBytes: 4_096 }, paths: { '/rooms/:room': room } })
}

await runAsProgram(import.meta.url, start)
