// Two copies of a document meet over a server of twenty lines; one loses its connection and catches up.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import WebSocket, { WebSocketServer } from 'ws'
import { readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync'
import { WebsocketProvider } from 'y-websocket'
import { Doc } from 'yjs'
import { closed } from '../../support/sockets.mjs'

const syncMessage = 0

/** Answers the sync messages of every client out of one document, and passes on everything else. */
function serve(sockets) {
  const shared = new Doc()
  shared.on('update', (update, origin) => {
    const bytes = message((encoder) => writeUpdate(encoder, update))
    for (const client of sockets.clients) if (client !== origin) client.send(bytes)
  })
  sockets.on('connection', (socket) => {
    socket.binaryType = 'arraybuffer'
    socket.on('message', (data) => {
      const decoder = decoding.createDecoder(new Uint8Array(data))
      if (decoding.readVarUint(decoder) !== syncMessage) {
        for (const client of sockets.clients) if (client !== socket) client.send(data)
        return
      }
      const answer = message((encoder) => readSyncMessage(decoder, encoder, shared, socket))
      if (answer.length > 1) socket.send(answer)
    })
    socket.send(message((encoder) => writeSyncStep1(encoder, shared)))
  })
}

function message(write) {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, syncMessage)
  write(encoder)
  return encoding.toUint8Array(encoder)
}

export async function flow() {
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(sockets, 'listening')
  serve(sockets)
  const join = () => {
    const url = `ws://127.0.0.1:${sockets.address().port}`
    const options = { WebSocketPolyfill: WebSocket, disableBc: true, maxBackoffTime: 1 }
    return new WebsocketProvider(url, 'notes', new Doc(), options)
  }
  const [first, second] = [join(), join()]
  await Promise.all([first, second].map((provider) => synced(provider)))
  const [here, there] = [first.doc.getText('text'), second.doc.getText('text')]

  here.insert(0, 'one ')
  await reads(there, 'one ')
  there.insert(4, 'two '.repeat(50_000))
  await reads(here, `one ${'two '.repeat(50_000)}`)

  const changed = once(second.awareness, 'change')
  first.awareness.setLocalState({ name: 'Ada' })
  await changed
  assert.deepEqual(second.awareness.getStates().get(first.doc.clientID), { name: 'Ada' })

  const lost = lostConnection(first)
  for (const socket of sockets.clients) socket.terminate()
  await lost
  here.delete(0, here.length) // while nobody can hear it
  here.insert(0, 'back again')
  await synced(first)
  await reads(there, 'back again')

  for (const provider of [first, second]) {
    provider.destroy()
    provider.doc.destroy()
  }
  await closed(sockets)
}

function synced(provider) {
  return new Promise((resolve) => {
    if (provider.synced) resolve()
    else provider.once('sync', resolve)
  })
}

function lostConnection(provider) {
  return new Promise((resolve) => provider.once('connection-close', resolve))
}

function reads(text, wanted) {
  return new Promise((resolve) => {
    const look = () => {
      if (text.toString() !== wanted) return
      text.unobserve(look)
      resolve()
    }
    text.observe(look)
    look()
  })
}
