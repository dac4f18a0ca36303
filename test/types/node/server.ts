// What a program for Node may write, and what the compiler must refuse.
import { createServer } from 'node:http'
import { attach, type Server, type Socket, serve } from 'polyplex/server'

interface Visitor {
  name: string
}

export async function program(): Promise<void> {
  await using server: Server<Visitor> = await serve<Visitor>({
    port: 8080,
    limits: { maxMessageBytes: 1024 },
    heartbeat: false,
    compression: true,
    admit(request) {
      const name: string | null = request.query.get('name')
      return name === null ? new Response('who are you?', { status: 401 }) : { data: { name } }
    },
    open(socket) {
      const name: string = socket.data.name
      socket.subscribe(`visitor:${name}`)
    },
    message(socket, data) {
      const message: string | Uint8Array = data
      const outcome: 'sent' | 'queued' | 'dropped' = socket.send(message)
      if (outcome === 'queued') void socket.drained()
    },
    close(_socket, { code, reason, wasClean }) {
      const story: [number, string, boolean] = [code, reason, wasClean]
      void story
    },
    paths: {
      '/chat/:room': {
        open(socket) {
          const room: string | undefined = socket.request.params['room']
          void room
        },
      },
    },
    fetch: (request) => new Response(request.url),
  })
  const subscribers: number = server.publish('all', 'hello')
  const everybody: ReadonlySet<Socket<Visitor>> = server.sockets
  void [subscribers, everybody, server.url, server.port]
  await server.close({ code: 1001, reason: 'bye' })
  await server.closed

  const attached = attach(createServer(), { message: (socket, data) => void socket.send(data) })
  await attached.close()
}

export async function inferred(): Promise<void> {
  await serve({
    admit: () => ({ data: { name: 'Ada' } }),
    open(socket) {
      const name: string = socket.data.name
      void name
    },
    paths: {
      '/count': {
        admit: () => ({ data: 5 }),
        open(socket) {
          const count: number = socket.data
          void count
        },
      },
    },
  })
}

export async function mistakes(): Promise<void> {
  // @ts-expect-error no such option
  await serve({ port: 8080, prot: 1 })
  // @ts-expect-error a port is a number
  await serve({ port: '8080' })
  // @ts-expect-error the data has to be of the type that was promised
  await serve<Visitor>({ port: 8080, admit: () => ({ data: { name: 1 } }) })
  await serve<Visitor>({
    port: 8080,
    open(socket) {
      // @ts-expect-error no such field in the data
      socket.data.nickname
      // @ts-expect-error an object is no message
      socket.send({ hello: 'world' })
    },
  })
}
