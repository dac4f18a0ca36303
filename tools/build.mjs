// npm run build: src/ to dist/, the package as it is published.
import { cpSync, existsSync } from 'node:fs'
import { bundle } from './bundle.mjs'
import { buildCompat } from './compat.mjs'
import { compile, removeOlder, root } from './project.mjs'

process.chdir(root)
const begun = Date.now()
if (!compile('tsconfig.build.json')) process.exit(1)
if (existsSync('src/cli/demo')) cpSync('src/cli/demo', 'dist/cli/demo', { recursive: true })
await buildCompat()
await bundle()
removeOlder('dist', begun)
