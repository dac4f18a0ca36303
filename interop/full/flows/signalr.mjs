// The client against a hub of thirty lines that speaks the JSON form of its protocol.
import assert from 'node:assert/strict'
import { HttpTransportType, HubConnectionBuilder, LogLevel } from '@microsoft/signalr'
import { WebSocketServer } from 'ws'
import { closed, httpServer, Inbox } from '../../support/sockets.mjs'

const separator = '\u001e'
const kinds = { invocation: 1, streamItem: 2, completion: 3, streamInvocation: 4, ping: 6, close: 7 }

/** What a hub does with an invocation: the messages that answer it. */
function answers({ type, invocationId, target, arguments: args }) {
  const completion = { type: kinds.completion, invocationId }
  if (type === kinds.streamInvocation) {
    const items = Array.from({ length: args[0] }, (_, item) => ({
      type: kinds.streamItem,
      invocationId,
      item,
    }))
    return [...items, completion]
  }
  if (target === 'Add') return [{ ...completion, result: args[0] + args[1] }]
  if (target === 'Echo') return [{ type: kinds.invocation, target: 'Heard', arguments: args }, completion]
  return [{ ...completion, error: `there is no ${target}` }]
}

function serve(sockets) {
  sockets.on('connection', (socket) => {
    let shookHands = false
    socket.on('message', (data) => {
      for (const text of String(data).split(separator).slice(0, -1)) {
        const message = JSON.parse(text)
        const replies = shookHands ? answers(message) : [{}]
        shookHands = true
        if (message.type === kinds.ping) continue
        for (const reply of replies) socket.send(JSON.stringify(reply) + separator)
      }
    })
  })
}

export async function flow() {
  const { server, address } = await httpServer((_request, response) => {
    const transport = { transport: 'WebSockets', transferFormats: ['Text'] }
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({
        connectionId: 'one',
        connectionToken: 'one',
        negotiateVersion: 1,
        availableTransports: [transport],
      }),
    )
  })
  const sockets = new WebSocketServer({ server })
  serve(sockets)
  const hub = new HubConnectionBuilder()
    .withUrl(`http://${address}/hub`, {
      transport: HttpTransportType.WebSockets,
      headers: { 'x-client': 'flow' },
    })
    .withAutomaticReconnect([0])
    .configureLogging(LogLevel.None)
    .build()
  const heard = new Inbox({ on: (event, listener) => hub.on(event, listener) }, 'Heard')
  await hub.start()

  assert.equal(await hub.invoke('Add', 20, 22), 42)
  await hub.invoke('Echo', 'grüß dich 👋')
  assert.equal(await heard.next(), 'grüß dich 👋')
  await assert.rejects(hub.invoke('Missing'), /there is no Missing/)
  const items = []
  await new Promise((complete, error) => {
    hub.stream('Count', 100).subscribe({ next: (item) => items.push(item), complete, error })
  })
  assert.equal(items.length, 100)

  const reconnected = new Promise((resolve) => hub.onreconnected(resolve))
  for (const socket of sockets.clients) socket.terminate()
  await reconnected
  assert.equal(await hub.invoke('Add', 1, 1), 2)

  const ended = new Promise((resolve) => hub.onclose(resolve))
  await hub.stop()
  assert.equal(await ended, undefined)
  await closed(sockets)
  server.closeAllConnections()
  await closed(server)
}
