// The drop-ins for the two older libraries as a user has them, on whatever runtime this is: both ends talk, and close.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import nodejsWebsocket from 'polyplex/nodejs-websocket'
import websocket from 'polyplex/websocket'

{
  const httpServer = createServer().listen(0, '127.0.0.1')
  await once(httpServer, 'listening')
  const server = new websocket.server({ httpServer, autoAcceptConnections: true, perMessageDeflate: true })
  server.on('connect', (connection) => connection.on('message', (message) => echo(connection, message)))
  const client = new websocket.client({ perMessageDeflate: true })
  const connected = once(client, 'connect')
  client.connect(`ws://127.0.0.1:${(httpServer.address() as AddressInfo).port}/`)
  const [connection] = await connected
  check('websocket: compression is agreed on', connection.extensions[0]?.name === 'permessage-deflate')
  for (const text of ['grüße, 世界', 'long '.repeat(50_000)]) {
    const heard = once(connection, 'message')
    connection.sendUTF(text)
    check('websocket: text comes back as it was', (await heard)[0].utf8Data === text)
  }
  const closed = once(connection, 'close')
  server.shutDown()
  httpServer.close()
  check('websocket: the server closes', (await closed)[0] === 1000)
}

{
  const server = nodejsWebsocket.createServer((accepted) => {
    accepted.on('text', (text) => accepted.sendText(text.toUpperCase()))
    accepted.on('binary', (stream) => void buffer(stream).then((bytes) => accepted.sendBinary(bytes)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connection = nodejsWebsocket.connect(
    `ws://127.0.0.1:${(server.socket.address() as AddressInfo).port}/`,
  )
  await once(connection, 'connect')
  const text = once(connection, 'text')
  connection.sendText('hi')
  check('nodejs-websocket: text comes back', (await text)[0] === 'HI')
  const binary = once(connection, 'binary')
  const message = connection.beginBinary()
  message.write('in ')
  message.end('pieces')
  check('nodejs-websocket: a stream comes back', String(await buffer((await binary)[0])) === 'in pieces')
  const closed = once(server, 'close')
  server.close()
  connection.close(1000, 'enough')
  await closed
  check('nodejs-websocket: the server closes', true)
}

type Connection = InstanceType<typeof websocket.connection>

function echo(
  connection: Connection,
  message: { type: 'utf8'; utf8Data: string } | { type: 'binary'; binaryData: Buffer },
): void {
  if (message.type === 'utf8') connection.sendUTF(message.utf8Data)
  else connection.sendBytes(message.binaryData)
}

function check(sentence: string, holds: boolean): void {
  console.log(`${holds ? 'ok' : 'not ok'} ${sentence}`)
  if (!holds) process.exitCode = 1
}
