import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { WebSocket } from '../../src/index.ts'

const names = ['open', 'message', 'error', 'close'] as const

/** Never connects, and closes when the tests are over. */
const sockets: WebSocket[] = []
function fresh(): WebSocket {
  const socket = new WebSocket('ws://localhost/', { dial: () => new Promise(() => {}) })
  sockets.push(socket)
  return socket
}
after(() => {
  for (const socket of sockets) socket.close()
})

for (const name of names) {
  const attribute = `on${name}` as const

  test(`${attribute} is null at first, keeps a function, and gives it up for null`, () => {
    const socket = fresh()
    assert.equal(socket[attribute], null)
    const handler = (): void => {}
    socket[attribute] = handler
    assert.equal(socket[attribute], handler)
    socket[attribute] = null
    assert.equal(socket[attribute], null)
  })

  test(`${attribute}: whatever is no object counts as null`, () => {
    const socket = fresh()
    for (const value of [2, 'alert()', true, undefined, Symbol('no')]) {
      socket[attribute] = () => {}
      socket[attribute] = value as never
      assert.equal(socket[attribute], null)
    }
  })

  test(`${attribute} keeps an object that cannot be called, and never calls it`, () => {
    const socket = fresh()
    const object = { handleEvent: () => assert.fail('called') }
    socket[attribute] = object as never
    assert.equal(socket[attribute], object)
    socket.dispatchEvent(new Event(name))
  })

  test(`${attribute} is called with the event, on the socket`, () => {
    const socket = fresh()
    const calls: unknown[] = []
    socket[attribute] = function (this: WebSocket, event: Event): void {
      calls.push(this, event)
    } as never
    const event = new Event(name)
    socket.dispatchEvent(event)
    assert.deepEqual(calls, [socket, event])
  })
}

test('a handler has the place among the listeners at which the first one was set', () => {
  const socket = fresh()
  const order: string[] = []
  const note = (what: string) => () => void order.push(what)
  socket.addEventListener('open', note('before'))
  socket.onopen = note('first')
  socket.addEventListener('open', note('after'))
  socket.onopen = note('second')
  socket.dispatchEvent(new Event('open'))
  assert.deepEqual(order, ['before', 'second', 'after'])
})

test('a handler set again after null goes to the end of the listeners', () => {
  const socket = fresh()
  const order: string[] = []
  const note = (what: string) => () => void order.push(what)
  socket.onopen = note('first')
  socket.addEventListener('open', note('listener'))
  socket.onopen = null
  socket.onopen = note('second')
  socket.dispatchEvent(new Event('open'))
  assert.deepEqual(order, ['listener', 'second'])
})

test('a handler that is replaced while the event is handled is called as what it has become', () => {
  const socket = fresh()
  const order: string[] = []
  socket.addEventListener('open', () => {
    socket.onopen = () => void order.push('new')
  })
  socket.onopen = () => void order.push('old')
  socket.dispatchEvent(new Event('open'))
  assert.deepEqual(order, ['new'])
})

test('a handler that returns false cancels an event that can be canceled', () => {
  const socket = fresh()
  socket.onopen = () => false
  const event = new Event('open', { cancelable: true })
  assert.equal(socket.dispatchEvent(event), false)
  assert.equal(event.defaultPrevented, true)
  socket.onopen = () => 0
  assert.equal(socket.dispatchEvent(new Event('open', { cancelable: true })), true)
})

test('each socket has handlers of its own', () => {
  const one = fresh()
  const other = fresh()
  one.onopen = () => {}
  assert.equal(other.onopen, null)
})
