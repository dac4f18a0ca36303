// A program of CommonJS: `require` gives the same names, as values and as types.
const nodejsWebsocket = require('polyplex/nodejs-websocket')
const websocket = require('polyplex/websocket')

const { server: WebSocketServer, client: WebSocketClient } = websocket

/** @type {import('polyplex/websocket').client} */
const client = new WebSocketClient()
client.on('connect', (connection) => {
  connection.on('message', (/** @type {import('polyplex/websocket').Message} */ message) => {
    if (message.type === 'utf8') connection.sendUTF(message.utf8Data)
    // @ts-expect-error: there is no such type
    if (message.type === 'text') connection.drop()
  })
})
/** @type {import('polyplex/websocket').server} */
const host = new WebSocketServer()
host.broadcast('all')

/** @type {import('polyplex/nodejs-websocket').Server} */
const server = nodejsWebsocket.createServer((connection) => {
  connection.on('text', (text) => connection.sendText(text.toUpperCase()))
})
server.listen(0)
// @ts-expect-error: text or a Buffer
nodejsWebsocket.connect('ws://localhost').send(1)
