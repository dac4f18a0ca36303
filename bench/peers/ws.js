// ws, with bufferutil installed beside it, and polyplex/ws in its place: the programs of its own manual.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const task = JSON.parse(process.argv[2])
const { library } = task
const { WebSocketServer } = await import(library ? pathToFileURL(join(library, 'compat/ws.mjs')).href : 'ws')
const compression = {
  // As the clients of these cases offer; messages of any length.
  'no takeover': { serverNoContextTakeover: true, clientNoContextTakeover: true },
  ordinary: true,
}[task.compression]
const options = { ...(compression !== undefined && { perMessageDeflate: compression }) }

let server
if (task.tls) {
  const https = createServer({ key: readFileSync(task.tls.key), cert: readFileSync(task.tls.cert) })
  server = new WebSocketServer({ server: https, ...options })
  https.listen(0, () => console.log(https.address().port))
} else {
  server = new WebSocketServer({ port: 0, ...options }, () => console.log(server.address().port))
}

server.on('connection', (socket) => {
  socket.on('error', () => {})
  socket.on('message', (data, isBinary) => {
    // A string to the handler, a string back.
    const message = isBinary ? data : data.toString()
    if (task.kind === 'echo') socket.send(message)
    else for (const client of server.clients) client.send(message)
  })
})
