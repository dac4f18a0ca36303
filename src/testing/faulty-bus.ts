import type { Bus, Subscription, TopicListener } from '../bus/contract.ts'

export interface FaultyBusOptions {
  /** A number of at least 0 and below 1: what chance would say. Seeded, so that a failure can be repeated. */
  random(): number
  /** How many of all deliveries are lost, from 0 to 1. @default 0 */
  dropRate?: number | undefined
}

/** A bus whose deliveries wait until they are let through. */
export interface FaultyBus extends Bus {
  /** Deliveries that wait. */
  readonly waiting: number
  /** Lets one delivery through, of a subscription that chance chooses. False where none waits. */
  deliverOne(): boolean
  /** Lets everything through. */
  deliverAll(): void
}

/**
 * `bus`, with deliveries that come late, that overtake those of other topics and other listeners (never those of their
 * own), and that are lost. What is lost is a gap in the offsets; history still has it.
 */
export function faultyBus(bus: Bus, { random, dropRate = 0 }: FaultyBusOptions): FaultyBus {
  const queues = new Set<(() => void)[]>()
  const busy = (): (() => void)[][] => [...queues].filter((queue) => queue.length > 0)
  const deliverOne = (): boolean => {
    const candidates = busy()
    const queue = candidates[Math.floor(random() * candidates.length)]
    queue?.shift()?.()
    return queue !== undefined
  }
  return {
    get waiting() {
      return busy().reduce((sum, { length }) => sum + length, 0)
    },
    deliverOne,
    deliverAll() {
      while (deliverOne());
    },
    async subscribe(topic: string, listener: TopicListener): Promise<Subscription> {
      const queue: (() => void)[] = []
      queues.add(queue)
      const { position, unsubscribe } = await bus.subscribe(topic, {
        message(message) {
          if (random() >= dropRate) queue.push(() => listener.message(message))
        },
        gossip(data) {
          if (random() >= dropRate) queue.push(() => listener.gossip(data))
        },
      })
      return {
        position,
        unsubscribe() {
          queues.delete(queue)
          unsubscribe()
        },
      }
    },
    publish: (topic, data, options) => bus.publish(topic, data, options),
    history: (topic, request) => bus.history(topic, request),
    gossip: (topic, data) => bus.gossip(topic, data),
    lease: (name, ttlMs) => bus.lease(name, ttlMs),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  }
}
