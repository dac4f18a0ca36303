import { load } from './load.js'
import { standard } from './standard.js'

load(JSON.parse(process.argv[2]), standard(WebSocket))
