import assert from 'node:assert/strict'
import { mock, type TestContext, test } from 'node:test'
import { realtimeDemo } from '../../src/cli/realtime-demo/index.ts'
import { Ledger } from '../../src/cli/realtime-demo/ledger.ts'
import { Link } from '../../src/cli/realtime-demo/link.ts'
import { Pace } from '../../src/cli/realtime-demo/pace.ts'
import { visitorOf } from '../../src/cli/realtime-demo/visitor.ts'
import { serve } from '../../src/index.server.ts'
import { connect } from '../../src/index.ts'

const linkName = 'abcdefghijklmnop'
const token = `${'s'.repeat(32)}~1`

/** The demo on a port of its own. */
async function start(t: TestContext): Promise<{ url: string; order: (order: unknown) => Promise<Response> }> {
  const demo = await realtimeDemo()
  const server = await serve({
    app: demo.app,
    dialects: demo.dialects,
    paths: demo.paths,
    fetch: (request) => demo.answer(request) ?? new Response(null, { status: 404 }),
  })
  t.after(async () => {
    await server.close()
    await demo.close()
  })
  const url = server.url.replace('ws', 'http')
  return {
    url,
    order: (order) => fetch(`${url}links/${linkName}`, { method: 'POST', body: JSON.stringify(order) }),
  }
}

test('a ledger tells what is missing, doubled and out of order', () => {
  const ledger = new Ledger()
  for (const number of [1, 2, 5, 5, 4]) ledger.take(number)
  const { arrived, doubled, disordered, missing, highest } = ledger
  assert.deepEqual(
    { arrived, doubled, disordered, missing, highest },
    {
      ...{ arrived: 4, doubled: 1, disordered: 1, missing: 1, highest: 5 },
    },
  )
  assert.deepEqual([ledger.has(3), ledger.has(4), ledger.has(6)], [false, true, false])
})

test('a pace lets a burst pass, then so many a second, and says when to come back', () => {
  const pace = new Pace({ perSecond: 2, burst: 3 })
  for (let time = 0; time < 3; time += 1) pace.take(1_000)
  assert.throws(() => pace.take(1_000), { code: 'ERR_RATE', retryAfterMs: 500 })
  pace.take(1_500)
  assert.throws(() => pace.take(1_500), { code: 'ERR_RATE' })
})

test('a visitor is known by a secret that nobody sees; what is no token is refused', () => {
  const id = visitorOf({ token })?.id
  assert.match(String(id), /^[\w-]{12}$/)
  assert.equal(visitorOf({ token: token.replace('~1', '~2') })?.id, id)
  assert.equal(visitorOf({}), undefined)
  for (const wrong of ['', 'short~1', 's'.repeat(32), `${'s'.repeat(65)}~1`, `${'s'.repeat(32)}~x`]) {
    assert.throws(() => visitorOf({ token: wrong }), { code: 'ERR_UNAUTHORIZED' })
  }
})

test('a link holds back what it stalls, in order, lets it go when it opens, and loses it when it is cut', () => {
  const link = new Link()
  const passed: number[] = []
  let ends = 0
  const connection = link.begin(() => {
    ends += 1
  })
  const pass = (number: number): void => connection.down.pass(10, () => passed.push(number))
  pass(1)
  link.passage = 'stalled'
  pass(2)
  pass(3)
  assert.deepEqual(passed, [1])
  link.passage = 'open'
  assert.deepEqual(passed, [1, 2, 3])
  link.passage = 'stalled'
  pass(4)
  link.cut()
  link.passage = 'open'
  pass(5)
  assert.deepEqual([passed, ends, link.connections], [[1, 2, 3], 1, 0])
})

test('a slow link is late by its delay, and its order stays', () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  const now = mock.method(performance, 'now', () => clock)
  let clock = 0
  try {
    const link = new Link()
    link.passage = 'slow'
    const passed: number[] = []
    const { up } = link.begin(() => {})
    for (const number of [1, 2]) up.pass(800, () => passed.push(number))
    for (const [at, expected] of [
      [799, []],
      [800, [1]],
      [900, [1, 2]],
    ] as const) {
      mock.timers.tick(at - clock)
      clock = at
      up.advance()
      assert.deepEqual(passed, expected, `at ${at}`)
    }
  } finally {
    now.mock.restore()
    mock.timers.reset()
  }
})

test('a link that holds back too much is cut: nobody fills our memory through it', () => {
  const link = new Link()
  link.passage = 'stalled'
  let ends = 0
  const { up } = link.begin(() => {
    ends += 1
  })
  for (let number = 0; number < 1_000; number += 1) up.pass(1_000, () => {})
  assert.deepEqual([ends, link.connections], [1, 0])
})

test('orders that are none are refused, and links that nobody can have named', async (t) => {
  const { url, order } = await start(t)
  for (const wrong of [
    null,
    1,
    'x',
    { passage: 'sideways' },
    { blocksWebSocket: 'yes' },
    { x: 'y'.repeat(2_000) },
  ]) {
    assert.equal((await order(wrong)).status, 400, JSON.stringify(wrong)?.slice(0, 40))
  }
  assert.equal((await fetch(`${url}links/${linkName}`)).status, 405)
  assert.equal((await fetch(`${url}links/short`, { method: 'POST', body: '{}' })).status, 404)
  const told = await (await order({ passage: 'slow', blocksWebSocket: true })).json()
  assert.deepEqual(told, { passage: 'slow', blocksWebSocket: true, connections: 0 })
})

test('one link is broken, and the one beside it is not', async (t) => {
  const { url, order } = await start(t)
  const options = { auth: token, reconnect: { firstMs: 1, maxMs: 5 } }
  await using mine = connect(`${url}live/${linkName}`, options)
  await using other = connect(`${url}live/${linkName}-other`, { ...options, auth: `${'o'.repeat(32)}~1` })
  await Promise.all([mine.ready(), other.ready()])
  const states: string[] = []
  other.state.subscribe(({ status }) => states.push(status))
  const resumed = new Promise((resolve) => mine.when('resumed', resolve))
  await order({ cut: true })
  await resumed
  await order({ passage: 'offline' })
  const away = new Promise<void>((resolve) => {
    const look = ({ status }: { status: string }): void => {
      if (status === 'waiting') resolve()
    }
    look(mine.state.value)
    mine.state.subscribe(look)
  })
  await away
  await order({ passage: 'open' })
  mine.reconnect()
  await mine.ready()
  assert.deepEqual(states, [])
})

test('requests of pages without WebSocket pass over the link too, and not from pages of others', async (t) => {
  const { url, order } = await start(t)
  const live = `${url}live/${linkName}?polyplex.1=poll`
  const body = JSON.stringify({ type: 'connect', version: 1, token })
  const headers = { 'Content-Type': 'application/x-ndjson' }
  const answer = await fetch(live, { method: 'POST', body, headers })
  assert.equal(answer.status, 200)
  assert.match(await answer.text(), /^\{"type":"connected"/)
  const foreign = await fetch(live, {
    method: 'POST',
    body,
    headers: { ...headers, Origin: 'http://evil.example' },
  })
  assert.equal(foreign.status, 403)
  await order({ passage: 'offline' })
  assert.equal((await fetch(live, { method: 'POST', body, headers })).status, 503)
  await order({ passage: 'open' })
  assert.equal((await fetch(live, { method: 'POST', body: 'x'.repeat(300_000), headers })).status, 413)
})
