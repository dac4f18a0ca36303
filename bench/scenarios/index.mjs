import client from './client.mjs'
import compressedMemory from './compressed-memory.mjs'
import connections from './connections.mjs'
import echo from './echo.mjs'
import echoCompressed from './echo-compressed.mjs'
import fanOut from './fan-out.mjs'
import idle from './idle.mjs'
import latency from './latency.mjs'
import realtime from './realtime.mjs'
import secure from './secure.mjs'
import startUp from './start-up.mjs'
import topics from './topics.mjs'

/** All cases, in the order of the table. @type {import('../model.ts').Scenario[]} */
export const scenarios = [
  ...echo,
  ...echoCompressed,
  ...fanOut,
  ...idle,
  ...latency,
  ...realtime,
  ...connections,
  ...topics,
  ...startUp,
  ...client,
  ...secure,
  ...compressedMemory,
]
