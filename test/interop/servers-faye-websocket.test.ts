import { fayeWebsocket } from './servers-faye-websocket.ts'
import { testServer } from './servers-flows.ts'

testServer(fayeWebsocket)
