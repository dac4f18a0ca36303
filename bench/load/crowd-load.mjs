// A crowd: very many sessions join one channel with presence at a time, and leave it at a time. Prints what that costs the
// server, and what each session hears of the others.
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { processCpu } from '../measuring/processes.mjs'

/** @typedef {{ port: number, pid: number, library: string, sessions: number }} Task */

/** @type {Task} */
const task = JSON.parse(process.argv[2] ?? '')
const { WebSocket } = await import(pathToFileURL(join(task.library, 'index.js')).href)
const opening = 200

let frames = 0
let bytes = 0

/** @returns {Promise<{ close(): void, heard: string[] }>} */
function joinChannel(/** @type {boolean} */ observes) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${task.port}/polyplex`, 'polyplex.1')
    /** @type {string[]} */
    const heard = []
    let counted = 0
    socket.onopen = () => {
      socket.send('{"type":"connect"}')
      socket.send('{"type":"join","id":1,"channel":"room"}')
    }
    socket.onmessage = (/** @type {{ data: string }} */ { data }) => {
      const isPresence = data.startsWith('{"type":"presence')
      if (isPresence) {
        frames += 1
        bytes += data.length
      }
      if (observes && isPresence) heard.push(data)
      if (data.startsWith('{"type":"joined"'))
        resolve({ close: () => socket.send('{"type":"close"}'), heard })
      if (!data.startsWith('{"type":"connected"') && !data.startsWith('{"type":"ack"')) {
        counted += 1
        if (counted % 32 === 1) socket.send(`{"type":"ack","position":${counted}}`)
      }
    }
    socket.onclose = () => reject(new Error('a session was refused'))
  })
}

/** How many the observer knows to be there. */
function known(/** @type {{ heard: string[] }} */ { heard }) {
  let count = 0
  for (const text of heard) {
    const frame = JSON.parse(text)
    if (frame.count !== undefined) count = frame.count
    else if (frame.state !== undefined) count = Object.keys(frame.state).length
    // Its own entry comes in its state, and once more as a change.
    else count = Math.max(1, count + Object.keys(frame.joins).length - Object.keys(frame.leaves).length)
  }
  return count
}

async function until(/** @type {() => boolean} */ done) {
  for (const end = Date.now() + 60_000; !done(); await setTimeout(100)) {
    if (Date.now() > end) throw new Error('the observer did not hear of everybody within a minute')
  }
}

const observer = await joinChannel(true)
await setTimeout(1_000)
observer.heard.splice(1)
const before = processCpu(task.pid)
/** @type {{ close(): void }[]} */
const others = []
let left = task.sessions
await Promise.all(
  Array.from({ length: opening }, async () => {
    while (left > 0) {
      left -= 1
      others.push(await joinChannel(false))
    }
  }),
)
await until(() => known(observer) === task.sessions + 1)
const afterJoining = processCpu(task.pid)
const heardWhileJoining = observer.heard.length
const [joinFrames, joinBytes] = [frames, bytes]
for (const { close } of others) close()
await until(() => known(observer) === 1)
const afterLeaving = processCpu(task.pid)
console.log(
  JSON.stringify({
    sessions: others.length,
    cpuMicrosecondsToJoin: ((afterJoining - before) / others.length) * 1e6,
    cpuMicrosecondsToLeave: ((afterLeaving - afterJoining) / others.length) * 1e6,
    framesHeard: joinFrames / others.length,
    bytesHeard: joinBytes / others.length,
    observerFramesJoining: heardWhileJoining,
    observerFramesLeaving: observer.heard.length - heardWhileJoining,
  }),
)
process.exit(0)
