// The entry points of the library as few files: Node takes about a third of a millisecond to find, read and link each module,
// so that importing a hundred of them would take longer than all they do at start.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { filesIn, root } from './project.mjs'

/** Modules that the package exports, and those that the command line shares with them. */
const entries = [
  'index',
  'index.browser',
  'index.server',
  'server/index',
  'protocol/index',
  'testing/index',
  'codec/message-pack',
  'util/options',
]

/** Bundles the compiled modules in dist/ in their place, and removes all others: nobody imports them any more. */
export async function bundle() {
  const { build } = await import('rolldown')
  const folder = join(root, 'dist')
  await build({
    input: Object.fromEntries(entries.map((name) => [name, join(folder, `${name}.js`)])),
    platform: 'node',
    external: /^node:/,
    plugins: [{ name: 'maps', load: withMap }],
    output: {
      dir: folder,
      format: 'esm',
      chunkFileNames: 'shared/[name]-[hash].js',
      sourcemap: true,
      sourcemapExcludeSources: true,
    },
  })
  const kept = new Set(entries.map((name) => `${name}.js`))
  for (const path of filesIn(folder, (name) => /\.js(\.map)?$/.test(name))) {
    if (/^(shared|cli)\//.test(path) || kept.has(path.replace(/\.map$/, ''))) continue
    rmSync(join(folder, path))
  }
}

/** A compiled module with its map, so that the maps of the bundle lead to src/. */
function withMap(/** @type {string} */ path) {
  if (!path.endsWith('.js')) return null
  return { code: readFileSync(path, 'utf8'), map: readFileSync(`${path}.map`, 'utf8') }
}
