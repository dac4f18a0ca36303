import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TransportName } from '../../../src/client/realtime/options.ts'
import { CallError } from '../../../src/errors.ts'
import { Heard, place, stateOf } from './place.ts'

const ways: readonly TransportName[] = ['stream', 'events', 'poll']

for (const way of ways) {
  test(`over ${way}: joining, events, calls both ways, streams, presence, history`, async () => {
    await using here = await place()
    await using connection = here.connect({ transports: [way] })
    const lobby = connection.channel('room:lobby')
    const heard = new Heard()
    lobby.on('message', (body) => heard.push(body))
    lobby.answer('asked', (question) => `yes to ${question}`)
    await lobby.join()
    assert.deepEqual(connection.state.value, { status: 'open', transport: way })
    lobby.send('message', 'one')
    assert.deepEqual(await lobby.call('echo', { any: ['thing', 'ä€😀'] }), { any: ['thing', 'ä€😀'] })
    await lobby.call('message', 'two')
    await here.app.channel('room:lobby').publish('message', 'three')
    assert.equal(await lobby.call('asked', 'this'), 'client said yes to this')
    assert.deepEqual(await heard.upTo(3), ['one', 'two', 'three'])
    const items: unknown[] = []
    for await (const item of lobby.stream('count', 200)) items.push(item)
    assert.equal(items.length, 200)
    assert.equal((await lobby.history({ limit: 2 })).messages.length, 2)
    assert.equal(lobby.presence.size, 1)
  })

  test(`over ${way}: frames larger than a batch, and thousands of small ones, arrive once and in order`, async () => {
    await using here = await place()
    await using connection = here.connect({ transports: [way] })
    const lobby = connection.channel('room:lobby')
    const heard = new Heard()
    lobby.on('message', (body) => heard.push(body))
    await lobby.join()
    const large = 'ü'.repeat(400_000)
    assert.equal(await lobby.call('echo', large), large)
    const bodies = Array.from({ length: 3_000 }, (_, number) =>
      number % 500 === 0 ? `${number}${large.slice(0, 50_000)}` : `${number}`,
    )
    for (const body of bodies) lobby.send('message', body)
    const all = (await heard.upTo(bodies.length)) as string[]
    // Not the texts themselves, of which a failure would show every letter.
    assert.ok(all.every((body, index) => body === bodies[index]))
    assert.ok(here.proxy.seen.filter((wish) => wish === 'send').length < 1_000)
  })

  test(`over ${way}: cut again and again, nothing is lost, doubled or reordered`, async () => {
    await using here = await place()
    await using connection = here.connect({ transports: [way] })
    const resets: unknown[] = []
    connection.when('reset', (reset) => resets.push(reset))
    let cuts = 0
    connection.when('resumed', () => {
      cuts += 1
      if (cuts < 10) setImmediate(() => here.proxy.cut())
    })
    const lobby = connection.channel('room:lobby')
    const heard = new Heard()
    lobby.on('message', (body) => heard.push(body))
    await lobby.join()
    here.proxy.cut()
    const bodies = Array.from({ length: 300 }, (_, number) => number)
    const answers: Promise<unknown>[] = []
    for (const body of bodies) {
      lobby.send('message', body)
      answers.push(lobby.call('echo', body))
      if (body % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    assert.deepEqual(await Promise.all(answers), bodies)
    assert.deepEqual([await heard.upTo(bodies.length), resets], [bodies, []])
    assert.ok(cuts >= 1)
  })

  test(`over ${way}: a token that is refused, and one that is not`, async () => {
    const authenticate = ({ token }: { token?: string | undefined }) => {
      if (token !== 'good') throw new CallError('ERR_UNAUTHORIZED', { message: 'Who are you?' })
      return { id: 'ada' }
    }
    await using here = await place({}, { authenticate })
    await using connection = here.connect({ transports: [way], auth: 'bad' })
    const { status, reason } = (await stateOf(
      connection,
      (state) => state.status === 'refused',
    )) as never as {
      status: string
      reason: { why: string }
    }
    assert.deepEqual([status, reason.why], ['refused', 'unauthorized'])
    await connection.authenticate('good')
    assert.equal(
      await connection
        .channel('room:1')
        .call('echo', 1)
        .catch((error) => error.code),
      'ERR_JOIN_FIRST',
    )
  })

  test(`over ${way}: a server that closes says so, also to one that waits for an answer`, async () => {
    await using here = await place()
    await using connection = here.connect({ transports: [way] })
    await connection.channel('room:1').join()
    // A poll on its way to a server that does not listen any more is nobody's to answer.
    if (way === 'poll') await new Promise((resolve) => setTimeout(resolve, 100))
    const away = stateOf(connection, (state) => state.status !== 'open')
    await here.close()
    const state = await away
    assert.equal('reason' in state && state.reason?.why, 'goingAway')
  })

  test(`over ${way}: a message over the server’s limit fails, and those beside it arrive`, async () => {
    await using here = await place({}, {}, { maxBodyBytes: 2_000 })
    await using connection = here.connect({ transports: [way] })
    const lobby = connection.channel('room:1')
    await lobby.join()
    const before = Array.from({ length: 50 }, (_, number) => lobby.call('echo', `${number}`.padEnd(200)))
    const refused = assert.rejects(lobby.call('echo', 'x'.repeat(3_000)), { code: 'ERR_MESSAGE_TOO_LARGE' })
    assert.equal(await lobby.call('echo', 'behind'), 'behind')
    await refused
    assert.equal((await Promise.all(before)).length, 50)
  })

  test(`over ${way}: closing says so at once, behind everything that was sent`, async () => {
    await using here = await place()
    await using other = here.connect({ transports: [way] })
    const watching = other.channel('room:1')
    const heard = new Heard()
    watching.on('message', (body) => heard.push(body))
    await watching.join()
    const together = new Promise<void>((resolve) => {
      watching.presence.subscribe(() => watching.presence.size === 2 && resolve())
    })
    const alone = new Promise<void>((resolve) => {
      watching.presence.subscribe(({ leaves }) => leaves.size > 0 && resolve())
    })
    const connection = here.connect({ transports: [way] })
    const lobby = connection.channel('room:1')
    await lobby.join()
    await together
    for (const body of [1, 2, 3]) lobby.send('message', body)
    connection.close()
    assert.deepEqual(await heard.upTo(3), [1, 2, 3])
    await alone
  })
}
