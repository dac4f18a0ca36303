import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import type { Connection } from '../../../src/client/realtime/connection.ts'
import type { TransportName } from '../../../src/client/realtime/options.ts'
import type { BlockingProxy } from './blocking-proxy.ts'
import { Heard, openOver, type Place, place, type room, stateOf } from './place.ts'

/** Lets a transport through, or not. */
function block({ policy }: BlockingProxy, blocked: readonly TransportName[]): void {
  policy.upgrades = blocked.includes('websocket') ? 'refuse' : 'pass'
  policy.answer = (wish, response) => {
    if (!blocked.includes(wish as TransportName)) return false
    page(response, 502)
    return true
  }
}

function page(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Type': 'text/html' }).end('<h1>This is not for you</h1>')
}

/** Says things in both directions without pause, until it is told to stop. */
function talk(here: Place, connection: Connection<typeof room>) {
  const lobby = connection.channel('room:lobby')
  const heard = new Heard()
  const resets: unknown[] = []
  const answers: Promise<unknown>[] = []
  let count = 0
  let isOn = true
  lobby.on('message', (body) => heard.push(body))
  lobby.when('reset', (reset) => resets.push(reset))
  connection.when('reset', (reset) => resets.push(reset))
  const joined = lobby.join()
  const talking = joined.then(async () => {
    for (; isOn; count++) {
      lobby.send('message', `up ${count}`)
      const answer = lobby.call('echo', count)
      // Where the test has failed already, nobody hears of it any more.
      answer.catch(() => {})
      answers.push(answer)
      await here.app.channel('room:lobby').publish('message', `down ${count}`)
      await new Promise((resolve) => setImmediate(resolve))
    }
  })
  return {
    joined,
    /** Stops, and looks whether everything came once and in order. */
    async check() {
      isOn = false
      await talking
      const all = (await heard.upTo(2 * count)) as string[]
      const numbers = Array.from({ length: count }, (_, number) => number)
      for (const word of ['up', 'down'])
        assert.deepEqual(
          all.filter((body) => body.startsWith(word)),
          numbers.map((number) => `${word} ${number}`),
        )
      assert.deepEqual([await Promise.all(answers), resets], [numbers, []])
    },
  }
}

const pairs = [
  ['websocket', 'stream'],
  ['websocket', 'events'],
  ['websocket', 'poll'],
  ['stream', 'events'],
  ['stream', 'poll'],
  ['events', 'poll'],
] as const

for (const [better, worse] of pairs) {
  test(`from ${worse} up to ${better} when that gets through, and down again, while both ends talk: nothing lost or reordered`, async () => {
    await using here = await place()
    block(here.proxy, [better])
    await using connection = here.connectFast(50, [better, worse])
    const talking = talk(here, connection)
    const state = await stateOf(connection, openOver(worse))
    assert.equal('reason' in state && state.reason?.why, 'blocked')
    await talking.joined
    block(here.proxy, [])
    await stateOf(connection, openOver(better))
    block(here.proxy, [better])
    here.proxy.cut()
    await stateOf(connection, openOver(worse))
    await talking.check()
  })
}

test('where nothing but a poll gets through, it polls, and what works is remembered', async () => {
  await using here = await place({ upgrades: 'refuse', buffers: true })
  let kept: string | undefined
  const memory = {
    recall: () => kept,
    keep(name: string | undefined) {
      kept = name
    },
  }
  const all: readonly TransportName[] = ['websocket', 'stream', 'events', 'poll']
  {
    await using connection = here.connectFast(20, all, memory)
    const talking = talk(here, connection)
    await talking.joined
    assert.equal(kept, 'poll')
    await talking.check()
    assert.deepEqual(
      here.proxy.seen.filter((wish, index) => here.proxy.seen.indexOf(wish) === index),
      ['upgrade', 'stream', 'events', 'poll', 'send'],
    )
  }
  here.proxy.policy.upgrades = 'pass'
  here.proxy.policy.buffers = false
  here.proxy.seen.length = 0
  await using connection = here.connectFast(20, all, memory)
  const talking = talk(here, connection)
  await talking.joined
  assert.equal(
    here.proxy.seen.find((wish) => wish !== 'send'),
    'poll',
  )
  await stateOf(connection, openOver('websocket'))
  assert.equal(kept, undefined)
  await talking.check()
})

test('an upgrade that is swallowed holds nobody up for long, and one that is only slow is taken up', async () => {
  await using here = await place({ upgrades: 'swallow' })
  await using connection = here.connectFast(20, ['websocket', 'stream'])
  await stateOf(connection, openOver('stream'))
  here.proxy.policy.upgrades = 'pass'
  await stateOf(connection, openOver('websocket'))
})

for (const way of ['websocket', 'stream', 'events', 'poll'] as const) {
  test(`links that are cut when nothing passes for a while are kept busy, and then live: ${way}`, async () => {
    // The proxy waits 250 ms: at this speed, 5 s.
    await using here = await place({ idleMs: 250 })
    await using connection = here.connectFast(20, [way])
    const lobby = connection.channel('room:lobby')
    await lobby.join()
    let losses = 0
    connection.when('resumed', () => {
      losses += 1
    })
    // Three idle times without a loss: without pings there would be three of them.
    let before = -1
    while (losses < 2 || before !== losses) {
      before = losses
      await new Promise((resolve) => setTimeout(resolve, 800))
    }
    assert.ok(losses < 8)
  })
}

const answers: readonly (readonly [string, string, (response: ServerResponse) => void])[] = [
  ['a page of HTML', 'ERR_FRAME', (response) => page(response, 200)],
  ['nothing', 'ERR_FRAME', (response) => response.end()],
  ['a redirect', 'ERR_REDIRECT', (response) => response.writeHead(302, { Location: '/login' }).end()],
  ['half a frame', 'ERR_FRAME', (response) => response.end('{"type":"po')],
]

for (const [what, code, answer] of answers) {
  for (const way of ['stream', 'events', 'poll'] as const) {
    if (way === 'events' && what === 'half a frame') continue
    test(`${what} instead of an answer to ${way} is told as blocked, with ${code}, and tried again`, async () => {
      await using here = await place({
        answer(_wish, response) {
          answer(response)
          return true
        },
      })
      await using connection = here.connect({ transports: [way] })
      const state = await stateOf(connection, ({ status }) => status === 'waiting')
      assert.equal(state.status, 'waiting')
      assert.deepEqual(state.status === 'waiting' && [state.reason.why, state.reason.code], ['blocked', code])
      here.proxy.policy.answer = undefined
      await stateOf(connection, openOver(way))
    })

    test(`${what} instead of an answer to a request with frames, over ${way}: they are sent again`, async () => {
      await using here = await place()
      await using connection = here.connect({ transports: [way] })
      const lobby = connection.channel('room:1')
      await lobby.join()
      let wrong = 0
      here.proxy.policy.answer = (wish, response) => {
        if (wish !== 'send' || wrong >= 4) return false
        wrong += 1
        answer(response)
        return true
      }
      assert.equal(await lobby.call('echo', 'here'), 'here')
      assert.equal(wrong, 4)
    })
  }
}

for (const [status, headers, why] of [
  [401, {}, 'refused'],
  [403, {}, 'refused'],
  [503, { 'Retry-After': '7' }, 'waiting'],
] as const) {
  for (const wanted of ['stream', 'events', 'poll', 'send'] as const) {
    test(`status ${status} to ${wanted} is told, and kept to`, async () => {
      await using here = await place({
        answer(wish, response) {
          if (wish !== wanted) return false
          response.writeHead(status, headers).end()
          return true
        },
      })
      await using connection = here.connect({ transports: [wanted === 'send' ? 'stream' : wanted] })
      connection
        .channel('room:1')
        .join()
        .catch(() => {})
      const state = await stateOf(connection, (one) => one.status === why)
      assert.equal('reason' in state && state.reason?.status, status)
      if (state.status === 'waiting') assert.ok(state.until - Date.now() > 6_000)
    })
  }
}

test('an answer that was kept and comes again is noticed, and what it brought is not taken twice', async () => {
  await using here = await place()
  await using connection = here.connectFast(20, ['poll'])
  const talking = talk(here, connection)
  await talking.joined
  const old = '{"type":"resumed","position":1,"replayed":1,"received":1}\n{"type":"send","event":"again"}\n'
  let doubled = 0
  connection.on('again', () => {
    doubled += 1
  })
  let isGiven = false
  here.proxy.policy.answer = (wish, response) => {
    if (wish !== 'poll' || isGiven) return false
    isGiven = true
    response.end(old)
    return true
  }
  await stateOf(connection, ({ status }) => status === 'waiting')
  await stateOf(connection, openOver('poll'))
  await talking.check()
  assert.equal(doubled, 0)
})

test('a signal closes the connection, also one that was aborted before', async () => {
  await using here = await place()
  const controller = new AbortController()
  await using connection = here.connect({ signal: controller.signal })
  await connection.ready()
  controller.abort()
  assert.equal(connection.state.value.status, 'closed')
  const late = here.connect({ signal: controller.signal })
  assert.equal(late.state.value.status, 'closed')
  await assert.rejects(late.ready(), { code: 'ERR_CLOSED' })
})
