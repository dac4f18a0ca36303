// The same by `require`: the class itself, its namespace, and everything on it.
import WebSocket = require('polyplex/ws')

const wss = new WebSocket.Server({ noServer: true })
const same: WebSocket.WebSocketServer = new WebSocket.WebSocketServer({ noServer: true })
const options: WebSocket.ClientOptions = { maxPayload: 1024 }
const ws: WebSocket = new WebSocket('ws://localhost', options)
class Own extends WebSocket {
  readonly name = 'own'
}
ws.on('message', (data: WebSocket.RawData) => console.log(data.toString(), same.clients.size))
wss.on('connection', (client) => client.send(new Own(null).name))
