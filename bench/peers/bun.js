// Bun's own server.
const task = JSON.parse(process.argv[2])

const handlers = {
  echo: {
    message: (socket, data) => void socket.send(data, Boolean(task.compression)),
  },
  'fan-out': {
    open: (socket) => socket.subscribe('all'),
    message: (_, data) => void server.publish('all', data, Boolean(task.compression)),
  },
  topics: {
    open(socket) {
      connected += 1
      socket.data = { next: 0, topics: [] }
      for (let i = 0; i < task.topicsEach; i++) socket.data.topics.push(`socket/${connected}/topic/${i}`)
      for (const topic of socket.data.topics) socket.subscribe(topic)
    },
    message(socket, bytes) {
      const { data } = socket
      data.next = (data.next + 1) % data.topics.length
      server.publish(data.topics[data.next], bytes)
    },
  },
}

let connected = 0
const server = Bun.serve({
  port: 0,
  ...(task.tls && { tls: { key: Bun.file(task.tls.key), cert: Bun.file(task.tls.cert) } }),
  fetch(request, server) {
    if (!server.upgrade(request)) return new Response('a WebSocket is wanted', { status: 426 })
  },
  websocket: { perMessageDeflate: Boolean(task.compression), ...handlers[task.kind] },
})
console.log(server.port)
