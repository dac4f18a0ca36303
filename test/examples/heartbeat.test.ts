import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Closed } from 'polyplex/server'
import { WsClient } from '../cli/ws-client.ts'
import { closing, load } from './example.ts'

test('heartbeat: a pulled cable is noticed, though nobody closed anything', async (t) => {
  const { start } = (await load('heartbeat')) as typeof import('../../examples/heartbeat/server.mjs')
  let left: (closed: Closed) => void = () => {}
  const closed = new Promise<Closed>((resolve) => {
    left = resolve
  })
  const server = closing(t, await start({ everyMs: 100, graceMs: 100, left }))
  const cable = await Cable.to(t, server.port)
  await WsClient.open(t, `ws://localhost:${cable.port}`)
  cable.pull()
  const { code, wasClean, error } = await closed
  assert.deepEqual(
    { code, wasClean, error: error?.code },
    {
      code: 1006,
      wasClean: false,
      error: 'ERR_HEARTBEAT_TIMEOUT',
    },
  )
})

/** Everything between client and server; when it is pulled, no byte passes any more and nobody is told. */
class Cable {
  readonly port: number
  readonly #ends: Socket[] = []

  private constructor(port: number) {
    this.port = port
  }

  static async to(t: TestContext, port: number): Promise<Cable> {
    const server = createServer((near) => {
      const far = connect(port)
      cable.#ends.push(near, far)
      for (const end of [near, far]) end.on('error', () => {})
      near.pipe(far).pipe(near)
    })
    server.listen(0)
    await once(server, 'listening')
    const cable = new Cable((server.address() as AddressInfo).port)
    t.after(() => {
      server.close()
      for (const end of cable.#ends) end.destroy()
    })
    return cable
  }

  pull(): void {
    for (const end of this.#ends) end.unpipe().pause()
  }
}
