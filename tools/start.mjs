// npm start: installs and builds what is missing, then serves the demo. Arguments go to `polyplex serve`.
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { installPackages } from './install.mjs'
import { filesIn, root } from './project.mjs'

const program = join(root, 'dist', 'cli', 'main.js')

function distIsCurrent() {
  if (!existsSync(program)) return false
  const changed = (/** @type {string} */ path) => statSync(join(root, path)).mtimeMs
  const sources = [
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    ...filesIn(join(root, 'src')).map((file) => `src/${file}`),
  ]
  return Math.max(...sources.map(changed)) < statSync(program).mtimeMs
}

try {
  installPackages()
  if (!distIsCurrent()) {
    console.log('building …')
    await import('./build.mjs')
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

const args = process.argv.slice(2)
if (!args.some((arg) => arg === '--port' || arg.startsWith('--port=')))
  args.push('--port', process.env['PORT'] || '8080')
process.argv = [process.execPath, program, 'serve', ...args]
await import(pathToFileURL(program).href)
