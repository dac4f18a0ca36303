import { testServer } from './servers-flows.ts'
import { wsWithCompression, wsWithoutTakeover } from './servers-ws.ts'

testServer(wsWithCompression)
testServer(wsWithoutTakeover)
