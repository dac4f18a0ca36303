/** What may be given to an `on…` attribute. Written as a method: so handlers for the platform's own events fit too. */
export type EventHandler<Target, Occurrence> = Handling<Target, Occurrence>['handle'] | null

interface Handling<Target, Occurrence> {
  handle(this: Target, event: Occurrence): unknown
}

/** What an `on…` attribute gives back, such that the whole fits where the platform's own WebSocket is wanted. */
export type CurrentHandler<Occurrence> = ((event: Occurrence) => unknown) | null

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
