import { testServer } from './servers-flows.ts'
import { ws } from './servers-ws.ts'

testServer(ws)
