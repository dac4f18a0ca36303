/** Who listens to which topic. Costs a set per topic in use and per subscriber with subscriptions. */
export class TopicIndex<Subscriber extends object> {
  readonly #subscribers = new Map<string, Set<Subscriber>>()
  readonly #topics = new Map<Subscriber, Set<string>>()

  /** Whether the subscription is new. */
  subscribe(subscriber: Subscriber, topic: string): boolean {
    const topics = this.#topics.get(subscriber) ?? new Set()
    if (topics.has(topic)) return false
    topics.add(topic)
    this.#topics.set(subscriber, topics)
    const subscribers = this.#subscribers.get(topic)
    if (subscribers === undefined) this.#subscribers.set(topic, new Set([subscriber]))
    else subscribers.add(subscriber)
    return true
  }

  /** Whether there was such a subscription. */
  unsubscribe(subscriber: Subscriber, topic: string): boolean {
    const topics = this.#topics.get(subscriber)
    if (topics === undefined || !topics.delete(topic)) return false
    if (topics.size === 0) this.#topics.delete(subscriber)
    this.#remove(subscriber, topic)
    return true
  }

  /** Ends all subscriptions of `subscriber`. */
  leave(subscriber: Subscriber): void {
    for (const topic of this.#topics.get(subscriber) ?? []) this.#remove(subscriber, topic)
    this.#topics.delete(subscriber)
  }

  /** Subscribers of `topic`, in order of subscription. */
  subscribers(topic: string): ReadonlySet<Subscriber> {
    return this.#subscribers.get(topic) ?? nobody
  }

  /** Topics of `subscriber`, in order of subscription. */
  topics(subscriber: Subscriber): ReadonlySet<string> {
    return this.#topics.get(subscriber) ?? nothing
  }

  #remove(subscriber: Subscriber, topic: string): void {
    const subscribers = this.#subscribers.get(topic) as Set<Subscriber>
    subscribers.delete(subscriber)
    if (subscribers.size === 0) this.#subscribers.delete(topic)
  }
}

const nobody: ReadonlySet<never> = new Set<never>()
const nothing: ReadonlySet<string> = new Set<string>()
