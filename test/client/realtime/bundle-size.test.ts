import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { build, type OutputChunk } from 'rolldown'
import { root } from '../../../tools/project.mjs'

const entry = join(root, 'build/src/index.browser.js')

/** What a page gets that imports one name from `file`: minified, in one piece. */
async function bundleOf(name: string, file: string | { readonly code: string }): Promise<OutputChunk> {
  const modules: Record<string, string> = {
    page: `import { ${name} } from ${JSON.stringify(typeof file === 'string' ? file : 'polyplex')}; globalThis.taken = ${name}`,
    polyplex: typeof file === 'string' ? '' : file.code,
  }
  const { output } = await build({
    input: 'page',
    platform: 'browser',
    write: false,
    plugins: [
      {
        name: 'page',
        resolveId: (id) => (id in modules ? { id, moduleSideEffects: id === 'page' } : null),
        load: (id) => modules[id] ?? null,
      },
    ],
    output: { format: 'esm', minify: true, comments: false },
  })
  assert.equal(output.length, 1)
  return output[0]
}

test('connect for a page is under 13 KB, minified and compressed, with nothing of a server', async () => {
  const { code, imports, moduleIds } = await bundleOf('connect', entry)
  assert.deepEqual(imports, [])
  assert.ok(moduleIds.length > 10)
  assert.deepEqual(
    moduleIds.filter((id) => /\/(server|runtime|protocol|transport|channels)\//.test(id)),
    [],
  )
  const bytes = gzipSync(code).length
  assert.ok(bytes < 13_000, `${bytes} bytes`)
})

test('a page that takes the platform’s WebSocket alone pays under 3 KB, also from the published file', async () => {
  // Published, the entry is one file, from which a bundler has to pick.
  const { output } = await build({ input: entry, platform: 'browser', write: false })
  const bytes = gzipSync((await bundleOf('WebSocket', output[0])).code).length
  assert.ok(bytes < 3_000, `${bytes} bytes`)
})
