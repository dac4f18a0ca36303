import { testServer } from './servers-flows.ts'
import { wsOnHttp2 } from './servers-ws.ts'

testServer(wsOnHttp2)
