// npm run chaos: clients and servers over a network that does everything wrong, for as long as wanted (`-- --help`).
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { installPackages } from './install.mjs'
import { compile, root } from './project.mjs'

installPackages()
if (!compile('tsconfig.json')) process.exit(1)
const program = join(root, 'build', 'test', 'chaos', 'main.js')
const { status } = spawnSync(process.execPath, ['--enable-source-maps', program, ...process.argv.slice(2)], {
  stdio: 'inherit',
})
process.exitCode = status ?? 1
