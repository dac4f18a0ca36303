import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CloseEvent, WebSocket, WebSocketError, WebSocketStream } from '../../src/index.ts'
import { failureOf } from './story.ts'

const attributesOf = {
  WebSocket: {
    interface: WebSocket,
    length: 1,
    readonly: ['url', 'readyState', 'bufferedAmount', 'extensions', 'protocol'],
    writable: ['onopen', 'onmessage', 'onerror', 'onclose', 'binaryType'],
    operations: { close: 0, send: 1 },
  },
  WebSocketStream: {
    interface: WebSocketStream,
    length: 1,
    readonly: ['url', 'opened', 'closed'],
    writable: [],
    operations: { close: 0 },
  },
  WebSocketError: {
    interface: WebSocketError,
    length: 0,
    readonly: ['closeCode', 'reason'],
    writable: [],
    operations: {},
  },
}

for (const [name, wanted] of Object.entries(attributesOf)) {
  const { prototype } = wanted.interface

  test(`${name} has the name, the length and the tag of its interface`, () => {
    assert.equal(wanted.interface.name, name)
    assert.equal(wanted.interface.length, wanted.length)
    assert.deepEqual(Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag), {
      value: name,
      writable: false,
      enumerable: false,
      configurable: true,
    })
    assert.equal(Object.getOwnPropertyDescriptor(wanted.interface, 'prototype')?.writable, false)
  })

  test(`${name} has its attributes as enumerable accessors of the prototype`, () => {
    for (const attribute of [...wanted.readonly, ...wanted.writable]) {
      const found = Object.getOwnPropertyDescriptor(prototype, attribute)
      assert.equal(typeof found?.get, 'function', attribute)
      assert.equal(
        typeof found?.set,
        wanted.writable.includes(attribute as never) ? 'function' : 'undefined',
        attribute,
      )
      assert.equal(found?.enumerable, true, attribute)
      assert.equal(found?.configurable, true, attribute)
    }
  })

  test(`${name} has its operations as enumerable functions with the standard's number of arguments`, () => {
    for (const [operation, length] of Object.entries(wanted.operations)) {
      const found = Object.getOwnPropertyDescriptor(prototype, operation)
      assert.equal(found?.value.length, length)
      assert.equal(found?.enumerable, true)
      assert.equal(found?.writable, true)
    }
  })

  test(`${name} attributes throw a TypeError on any other object`, () => {
    for (const attribute of wanted.readonly) {
      assert.throws(() => Reflect.get(prototype, attribute, {}), TypeError)
    }
  })
}

test('the constants stand on the class, on the prototype and on objects, and cannot be changed', async () => {
  const socket = new WebSocket('ws://localhost/')
  for (const [name, value] of Object.entries({ CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 })) {
    for (const target of [WebSocket, WebSocket.prototype]) {
      assert.deepEqual(Object.getOwnPropertyDescriptor(target, name), {
        value,
        writable: false,
        enumerable: true,
        configurable: false,
      })
      assert.throws(() => Object.defineProperty(target, name, { get: () => 5 }), TypeError)
    }
    assert.equal(socket[name as 'OPEN'], value)
  }
  socket.close()
  await failureOf(socket)
})

test('a WebSocket is an EventTarget, and its class inherits from that of EventTarget', () => {
  assert.equal(Object.getPrototypeOf(WebSocket), EventTarget)
  assert.equal(Object.getPrototypeOf(WebSocket.prototype), EventTarget.prototype)
})

test('CloseEvent takes its values from the dictionary, or has the standard’s defaults', () => {
  const plain = new CloseEvent('close')
  assert.deepEqual([plain.wasClean, plain.code, plain.reason, plain.bubbles], [false, 0, '', false])
  const full = new CloseEvent('close', { wasClean: true, code: 4000, reason: 'a\ud800', cancelable: true })
  assert.deepEqual([full.wasClean, full.code, full.cancelable], [true, 4000, true])
  assert.ok(full instanceof Event)
  assert.equal(Object.prototype.toString.call(full), '[object CloseEvent]')
})

test('WebSocketError is a DOMException of its own name', () => {
  const error = new WebSocketError()
  assert.ok(error instanceof DOMException)
  assert.ok(error instanceof WebSocketError)
  assert.equal(error.constructor, WebSocketError)
  assert.deepEqual(
    [error.name, error.message, error.code, error.closeCode, error.reason],
    ['WebSocketError', '', 0, null, ''],
  )
})

test('WebSocketError takes code and reason; a reason alone means 1000', () => {
  const full = new WebSocketError('why', { closeCode: 3456, reason: 'because' })
  assert.deepEqual([full.message, full.closeCode, full.reason], ['why', 3456, 'because'])
  assert.equal(new WebSocketError('', { closeCode: 3333 }).reason, '')
  assert.equal(new WebSocketError('', { reason: 'x' }).closeCode, 1000)
  assert.equal(new WebSocketError('', { reason: 'a\ud800' }).reason, 'a\ufffd')
})

for (const closeCode of [0, 999, 1001, 1005, 2999, 5000, 65_535]) {
  test(`WebSocketError refuses close code ${closeCode} with an InvalidAccessError`, () => {
    assert.throws(() => new WebSocketError('', { closeCode }), { name: 'InvalidAccessError' })
  })
}

for (const closeCode of [-1, 65_536, Number.NaN, 'x', Number.POSITIVE_INFINITY]) {
  test(`WebSocketError refuses close code ${closeCode} with a TypeError: [EnforceRange]`, () => {
    assert.throws(() => new WebSocketError('', { closeCode: closeCode as number }), TypeError)
  })
}

test('WebSocketError counts the bytes of a reason, not its characters', () => {
  assert.equal(new WebSocketError('', { reason: 'x'.repeat(123) }).reason.length, 123)
  for (const reason of ['x'.repeat(124), '🔌'.repeat(31)]) {
    assert.throws(() => new WebSocketError('', { reason }), { name: 'SyntaxError' })
  }
})

test('WebSocketError refuses an init that is no object', () => {
  assert.throws(() => new WebSocketError('', 5 as never), TypeError)
})
