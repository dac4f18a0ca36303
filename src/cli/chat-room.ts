import type { RouteOptions, Socket } from '../server/index.ts'

/** More would make every coming and going expensive for all. */
const mostGuests = 100

interface Guest {
  readonly number: number
}

/**
 * The demo's `/chat`: every text is something said, and goes to all others; everybody hears who comes and goes.
 * What the server sends is described in `demo/chat.js`.
 */
export function chatRoom(): RouteOptions<Guest> {
  const guests = new Map<number, Socket<Guest>>()
  const nameOf = ({ number }: Guest): string => `Guest ${number}`
  const present = (): string[] => [...guests.values()].map(({ data }) => nameOf(data))
  const tellOthers = (guest: Socket<Guest>, event: object): void => {
    guest.publish('chat', JSON.stringify(event))
  }
  return {
    admit() {
      if (guests.size >= mostGuests) return new Response('The chat is full.\n', { status: 503 })
      // A number is free until its holder is in: `open` may have to take another one.
      return { data: { number: 0 } }
    },
    open(socket) {
      let number = 1
      while (guests.has(number)) number += 1
      socket.data = { number }
      guests.set(number, socket)
      const facts = { name: nameOf(socket.data), present: present() }
      socket.send(JSON.stringify({ type: 'welcome', ...facts }))
      socket.subscribe('chat')
      tellOthers(socket, { type: 'joined', ...facts })
    },
    message(socket, data) {
      if (typeof data !== 'string') {
        socket.close(1003, 'The chat takes text')
        return
      }
      const at = new Date().toISOString()
      tellOthers(socket, { type: 'message', from: nameOf(socket.data), text: data, at })
    },
    close(socket) {
      guests.delete(socket.data.number)
      tellOthers(socket, { type: 'left', name: nameOf(socket.data), present: present() })
    },
  }
}
