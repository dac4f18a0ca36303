import { testServer } from './servers-flows.ts'
import { nodejsWebsocket } from './servers-nodejs-websocket.ts'

testServer(nodejsWebsocket)
