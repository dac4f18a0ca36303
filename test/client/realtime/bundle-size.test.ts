import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { build } from 'rolldown'
import { root } from '../../../tools/project.mjs'

test('the realtime client for a browser is under 12 KB, minified and compressed, and whole', async () => {
  const { output } = await build({
    input: join(root, 'build/src/client/realtime/connect.browser.js'),
    platform: 'browser',
    write: false,
    output: { format: 'esm', minify: true },
  })
  assert.equal(output.length, 1)
  const [{ code, imports, moduleIds }] = output
  assert.deepEqual(imports, [])
  assert.deepEqual(
    moduleIds.filter((id) => /\/(server|runtime|protocol|transport|channels)\//.test(id)),
    [],
  )
  const bytes = gzipSync(code).length
  assert.ok(bytes < 12 * 1024, `${bytes} bytes`)
})
