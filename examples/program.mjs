// @ts-check
// What the examples share, so that each can be one idea: started by itself an example listens on $PORT, or 8080, and
// Ctrl+C closes it in order; imported, as the tests do, it only exports `start`.
import { realpathSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

/**
 * @typedef {object} Running
 * @property {string} url
 * @property {() => Promise<void>} close
 */

/**
 * @param {string} moduleUrl  `import.meta.url` of the example
 * @param {(options: { port: number }) => Promise<Running>} start
 */
export async function runAsProgram(moduleUrl, start) {
  const [, program] = process.argv
  if (program === undefined || realpathSync(program) !== fileURLToPath(moduleUrl)) return
  try {
    const server = await start({ port: Number(process.env['PORT'] ?? 8080) })
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close())
    console.log(`listening on ${server.url}`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
