import { test } from 'node:test'
import { fayeWebsocket } from './servers-faye-websocket.ts'
import { testServer } from './servers-flows.ts'
import { nodejsWebsocket } from './servers-nodejs-websocket.ts'
import { pythonMissing, pythonWebsockets } from './servers-python.ts'
import { websocketNode } from './servers-websocket.ts'
import { ws, wsOnHttp2, wsWithCompression, wsWithoutTakeover } from './servers-ws.ts'

testServer(ws)
testServer(wsWithCompression)
testServer(wsWithoutTakeover)
testServer(wsOnHttp2)
testServer(websocketNode)
testServer(nodejsWebsocket)
testServer(fayeWebsocket)

if (pythonMissing === undefined) testServer(pythonWebsockets)
else {
  test("our client and the server of Python's websockets", (context) => {
    if (process.env['CI'] === 'true') throw new Error(pythonMissing)
    context.skip(pythonMissing)
  })
}
