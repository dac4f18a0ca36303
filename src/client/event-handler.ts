/** What an `on…` attribute holds: a function, an object that is never called, or nothing. */
export type EventHandler<Target, Occurrence> = ((this: Target, event: Occurrence) => unknown) | null

interface Handler {
  callback: object
  readonly listener: (event: Event) => void
}

const { addEventListener, removeEventListener } = EventTarget.prototype

/** The event handlers of one object (HTML, "event handler IDL attributes"). */
export class EventHandlerMap {
  readonly #target: EventTarget
  readonly #handlers = new Map<string, Handler>()

  constructor(target: EventTarget) {
    this.#target = target
  }

  get(type: string): unknown {
    return this.#handlers.get(type)?.callback ?? null
  }

  set(type: string, value: unknown): void {
    const handler = this.#handlers.get(type)
    // [LegacyTreatNonObjectAsNull]: whatever is no object counts as null, which takes the handler's place away.
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
      if (handler === undefined) return
      this.#handlers.delete(type)
      removeEventListener.call(this.#target, type, handler.listener)
    } else if (handler !== undefined) {
      // A new handler runs where the first one stood among the listeners.
      handler.callback = value
    } else {
      const fresh: Handler = { callback: value, listener: (event) => invoke(fresh.callback, event) }
      this.#handlers.set(type, fresh)
      addEventListener.call(this.#target, type, fresh.listener)
    }
  }
}

/** HTML, "the event handler processing algorithm"; an object that cannot be called is left alone. */
function invoke(callback: object, event: Event): void {
  if (typeof callback !== 'function') return
  if (callback.call(event.currentTarget, event) === false) event.preventDefault()
}
