import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { serve } from '../../src/server/index.ts'
import { load } from '../examples/example.ts'

test('a client that gives up the TLS handshake is told of and leaves nothing behind', async (t) => {
  const { selfSigned } = (await load(
    'http2',
    'certificate.mjs',
  )) as typeof import('../../examples/http2/certificate.mjs')
  let failed: (error: Error) => void = () => {}
  const error = new Promise<Error>((resolve) => {
    failed = resolve
  })
  const server = await serve({ port: 0, tls: selfSigned(), message() {}, error: (_, error) => failed(error) })
  // Trusts nobody, so it leaves when it has seen our certificate.
  const client = connect({ port: server.port, host: 'localhost' })
  t.after(() => client.destroy())
  const [refused] = (await once(client, 'error')) as [NodeJS.ErrnoException]
  assert.equal(refused.code, 'DEPTH_ZERO_SELF_SIGNED_CERT')
  assert.equal(((await error) as { code?: string }).code, 'ERR_NETWORK')
  await server.close()
})
