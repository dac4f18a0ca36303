// Ours: the ordinary serve(), default checks and options. The folder of the built library comes as an argument.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const task = JSON.parse(process.argv[2])
const { serve } = await import(pathToFileURL(join(task.library, 'server', 'index.js')).href)

const handlers = {
  echo: {
    message: (socket, data) => void socket.send(data),
  },
  'fan-out': {
    open: (socket) => socket.subscribe('all'),
    message: (_, data) => void server.publish('all', data),
  },
  // Every socket subscribes to its share of the topics and publishes to them in turn: each has one subscriber.
  topics: {
    admit: () => ({ data: { next: 0, topics: [] } }),
    open(socket) {
      const number = server.sockets.size
      const { data } = socket
      for (let i = 0; i < task.topicsEach; i++) data.topics.push(`socket/${number}/topic/${i}`)
      for (const topic of data.topics) socket.subscribe(topic)
    },
    message(socket, bytes) {
      const { data } = socket
      data.next = (data.next + 1) % data.topics.length
      server.publish(data.topics[data.next], bytes)
    },
  },
}

const server = await serve({
  port: 0,
  ...handlers[task.kind],
  ...(task.compression && { compression: true }),
  ...(task.tls && { tls: { key: readFileSync(task.tls.key), cert: readFileSync(task.tls.cert) } }),
  ...(task.plain && { rawHandles: false }),
})
console.log(server.port)
