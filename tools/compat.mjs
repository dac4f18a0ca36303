// The drop-ins: each folder of src/compat/ becomes one CommonJS file, so that `require` gives the very classes that
// `import` gives, on every Node we support and on Bun and Deno. `dist/compat/<name>.cjs` holds the code,
// `dist/compat/<name>.mjs` passes its names on, and the declarations of both are copied from src/compat/.
import { copyFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './project.mjs'

/** Bundles every drop-in from its compiled modules in dist/. Each has a default export: what `require` returns. */
export async function buildCompat() {
  const { build } = await import('rolldown')
  const folder = join(root, 'dist/compat')
  if (!existsSync(folder)) return
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  for (const { name } of names) {
    await build({
      input: join(folder, name, 'index.js'),
      platform: 'node',
      external: /^node:/,
      output: {
        file: join(folder, `${name}.cjs`),
        format: 'cjs',
        exports: 'named',
        // What the module exports by default is what a program gets by `require`.
        footer: 'module.exports = module.exports.default',
      },
    })
    writeFileSync(join(folder, `${name}.mjs`), await passingOn(name, join(folder, name, 'index.js')))
    for (const ending of ['.d.cts', '.d.mts'])
      copyFileSync(join(root, 'src/compat', name + ending), join(folder, name + ending))
  }
}

/** A module that gives a CommonJS file's names to `import`. */
async function passingOn(/** @type {string} */ name, /** @type {string} */ compiled) {
  const module = await import(pathToFileURL(compiled).href)
  const names = Object.keys(module).filter((key) => key !== 'default')
  const missing = names.filter((key) => module.default[key] === undefined)
  if (missing.length > 0) throw new Error(`The default export of compat/${name} lacks ${missing.join(', ')}`)
  return [
    `import whole from './${name}.cjs'`,
    'export default whole',
    `export const { ${names.join(', ')} } = whole`,
    '',
  ].join('\n')
}
