import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConnectionStory, codeOf } from './connection-story.ts'

test('ready resolves when there is a connection', async () => {
  const story = new ConnectionStory()
  const ready = story.connection.ready()
  assert.equal(story.connection.state.value.status, 'connecting')
  await story.pass(100)
  await ready
  await story.connection.ready()
  assert.deepEqual(story.connection.state.value, { status: 'open', transport: 'model' })
})

test('ready rejects when the connection is refused, and says why', async () => {
  const story = new ConnectionStory({}, ({ network }) => {
    network.refusal = { status: 403 }
  })
  const refusal = assert.rejects(story.connection.ready(), { code: 'ERR_CLOSED' })
  await story.pass(100)
  await refusal
})

test('a token that expired is asked for anew, also when it takes a while', async () => {
  const tokens = ['new', 'old']
  const asked: boolean[] = []
  const auth = async ({ refused }: { refused: boolean }) => {
    asked.push(refused)
    return tokens.pop()
  }
  const story = new ConnectionStory({ auth })
  story.server.instead = { type: 'close', why: 'unauthorized' }
  await story.pass(100)
  await story.pass(100)
  assert.equal(story.connection.state.value.status, 'open')
  assert.deepEqual(asked, [false, true])
})

test('a source of tokens that fails is asked again later, and the state says so', async () => {
  let works = false
  const auth = () => {
    if (!works) throw new Error('no network')
    return 'token'
  }
  const story = new ConnectionStory({ auth })
  const { value } = story.connection.state
  assert.ok(value.status === 'waiting')
  assert.deepEqual(value.reason, { why: 'auth', message: 'no network' })
  works = true
  await story.pass(2_000)
  await story.pass(100)
  assert.equal(story.connection.state.value.status, 'open')
})

test('another token is shown on the living connection, and used from then on', async () => {
  const story = new ConnectionStory({ auth: 'first' })
  await story.pass(100)
  const accepted = story.connection.authenticate('second')
  await story.pass(100)
  await accepted
  assert.equal(story.last('authenticate')?.token, 'second')
  await story.breakAndReturn()
  const tokens = story.server.heard.flatMap((frame) => (frame.type === 'connect' ? [frame.token] : []))
  assert.deepEqual(tokens, ['first', 'second'])
})

test('where the token was refused, another one connects', async () => {
  const story = new ConnectionStory({ auth: 'first' })
  story.server.instead = { type: 'close', why: 'unauthorized' }
  await story.pass(100)
  assert.equal(story.connection.state.value.status, 'refused')
  const accepted = story.connection.authenticate('second')
  await story.pass(100)
  await story.pass(100)
  await accepted
  assert.equal(story.connection.state.value.status, 'open')
})

test('a token that is shown while the connection is on its way with the one before gets there too', async () => {
  const story = new ConnectionStory({ auth: 'first' })
  const accepted = story.connection.authenticate('second')
  await story.pass(100)
  await story.pass(100)
  await accepted
  assert.equal(story.last('authenticate')?.token, 'second')
})

test('events outside of channels are told to the connection', async () => {
  const story = new ConnectionStory()
  await story.pass(100)
  const got: unknown[] = []
  story.connection.on('notice', (body) => got.push(body))
  story.server.say({ type: 'send', event: 'notice', body: 1 })
  await story.pass(100)
  assert.deepEqual(got, [1])
})

test('closed, everything that waits fails, and nothing is left', async () => {
  const [story, room] = await ConnectionStory.joined()
  const other = story.connection.channel('other')
  story.script = () => []
  const codes = [codeOf(room.call('message')), codeOf(other.join()), codeOf(room.stream('numbers').next())]
  await story.pass(100)
  story.connection.close()
  assert.deepEqual(await Promise.all(codes), ['ERR_CLOSED', 'ERR_CLOSED', 'ERR_CLOSED'])
  assert.throws(() => room.send('message'), { code: 'ERR_CLOSED' })
  assert.equal(await codeOf(room.call('message')), 'ERR_CLOSED')
  assert.equal(await codeOf(room.join()), 'ERR_CLOSED')
  assert.equal(room.state.value.status, 'left')
  await story.pass(1_000)
  assert.equal(story.time.waiting, 0)
})

test('one name is one channel', () => {
  const story = new ConnectionStory()
  assert.equal(story.connection.channel('room'), story.connection.channel('room'))
})
