import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { load } from './load.js'
import { standard } from './standard.js'

const task = JSON.parse(process.argv[2])
const { WebSocket } = await import(pathToFileURL(join(task.library, 'index.js')).href)
load(task, standard(WebSocket))
