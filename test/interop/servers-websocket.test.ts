import { testServer } from './servers-flows.ts'
import { websocketNode } from './servers-websocket.ts'

testServer(websocketNode)
