import type { Buffer } from 'node:buffer'
import type { EventEmitter } from 'node:events'

const target: unique symbol = Symbol('target')
const originalListener: unique symbol = Symbol('originalListener')
const isAttribute: unique symbol = Symbol('isAttribute')

/** What listeners of the browser's kind are given. */
export class Event {
  readonly #type: string;
  [target]: unknown = null

  constructor(type: string) {
    this.#type = type
  }

  /** The WebSocket it happened to. */
  get target(): unknown {
    return this[target]
  }

  get type(): string {
    return this.#type
  }
}

/** How the connection ended. */
export class CloseEvent extends Event {
  readonly #code: number
  readonly #reason: string
  readonly #wasClean: boolean

  constructor(type: string, { code = 0, reason = '', wasClean = false }: CloseFacts = {}) {
    super(type)
    this.#code = code
    this.#reason = reason
    this.#wasClean = wasClean
  }

  get code(): number {
    return this.#code
  }

  get reason(): string {
    return this.#reason
  }

  /** Whether both close frames passed. */
  get wasClean(): boolean {
    return this.#wasClean
  }
}

interface CloseFacts {
  code?: number
  reason?: string
  wasClean?: boolean
}

export class ErrorEvent extends Event {
  readonly #error: unknown
  readonly #message: string

  constructor(type: string, { error = null, message = '' }: { error?: unknown; message?: string } = {}) {
    super(type)
    this.#error = error
    this.#message = message
  }

  get error(): unknown {
    return this.#error
  }

  get message(): string {
    return this.#message
  }
}

/** A message: text as a string, binary data as `binaryType` says. */
export class MessageEvent extends Event {
  readonly #data: unknown

  constructor(type: string, { data = null }: { data?: unknown } = {}) {
    super(type)
    this.#data = data
  }

  get data(): unknown {
    return this.#data
  }
}

for (const [{ prototype }, names] of [
  [Event, ['target', 'type']],
  [CloseEvent, ['code', 'reason', 'wasClean']],
  [ErrorEvent, ['error', 'message']],
  [MessageEvent, ['data']],
] as const) {
  for (const name of names) Object.defineProperty(prototype, name, { enumerable: true })
}

/** A function, or an object with a method `handleEvent`. */
export type EventListener = ((event: Event) => void) | { handleEvent(event: Event): void }

export interface ListenerOptions {
  /** Whether the listener is called once only. @default false */
  once?: boolean
}

/** What listens to the emitter for a listener of the browser's kind. */
interface Wrapper {
  (...facts: never[]): void
  [originalListener]?: EventListener
  [isAttribute]?: boolean
}

/** A WebSocket, as far as its events tell of it. */
export interface EventOrigin extends EventEmitter {
  readonly _closeFrameReceived: boolean
  readonly _closeFrameSent: boolean
}

function call(listener: EventListener, origin: EventOrigin, event: Event): void {
  event[target] = origin
  if (typeof listener === 'object' && listener.handleEvent) listener.handleEvent(event)
  else (listener as (event: Event) => void).call(origin, event)
}

/** How the emitter's events become the browser's; there are no others. */
const wrappers: Record<string, (listener: EventListener) => Wrapper> = {
  open: (listener) =>
    function onOpen(this: EventOrigin): void {
      call(listener, this, new Event('open'))
    },
  message: (listener) =>
    function onMessage(this: EventOrigin, data: Buffer, isBinary: boolean): void {
      call(listener, this, new MessageEvent('message', { data: isBinary ? data : data.toString() }))
    },
  error: (listener) =>
    function onError(this: EventOrigin, error: Error): void {
      call(listener, this, new ErrorEvent('error', { error, message: error.message }))
    },
  close: (listener) =>
    function onClose(this: EventOrigin, code: number, reason: Buffer): void {
      const wasClean = this._closeFrameReceived && this._closeFrameSent
      call(listener, this, new CloseEvent('close', { code, reason: reason.toString(), wasClean }))
    },
}

const listenersOf = (origin: EventEmitter, type: string): Wrapper[] => origin.listeners(type) as Wrapper[]

/** Adds a listener of the browser's kind for `open`, `message`, `error` or `close`; nothing happens for other events. */
export function addEventListener(
  this: EventOrigin,
  type: string,
  listener: EventListener,
  options: ListenerOptions = {},
): void {
  const isKnown = listenersOf(this, type).some(
    (other) => other[originalListener] === listener && other[isAttribute] !== true,
  )
  if (!isKnown) listen(this, type, listener, options.once === true, false)
}

function listen(
  origin: EventOrigin,
  type: string,
  listener: EventListener,
  once: boolean,
  asAttribute: boolean,
): void {
  const wrapper = Object.hasOwn(wrappers, type) ? wrappers[type]?.(listener) : undefined
  if (wrapper === undefined) return
  wrapper[originalListener] = listener
  wrapper[isAttribute] = asAttribute
  if (once) origin.once(type, wrapper as () => void)
  else origin.on(type, wrapper as () => void)
}

/** Takes away what `addEventListener` added. */
export function removeEventListener(this: EventOrigin, type: string, listener: EventListener): void {
  const wrapper = listenersOf(this, type).find(
    (other) => other[originalListener] === listener && other[isAttribute] !== true,
  )
  if (wrapper !== undefined) this.removeListener(type, wrapper as () => void)
}

/** The value of an attribute such as `onmessage`. */
export function attributeListener(origin: EventOrigin, type: string): EventListener | null {
  return listenersOf(origin, type).find((wrapper) => wrapper[isAttribute])?.[originalListener] ?? null
}

/** Gives an attribute such as `onmessage` its value; whatever is no function takes the listener away. */
export function setAttributeListener(origin: EventOrigin, type: string, listener: unknown): void {
  const present = listenersOf(origin, type).find((wrapper) => wrapper[isAttribute])
  if (present !== undefined) origin.removeListener(type, present as () => void)
  if (typeof listener === 'function') listen(origin, type, listener as EventListener, false, true)
}
