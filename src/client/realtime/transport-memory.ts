/** Remembers which transport reaches a server, where that is not the best one. */
export interface TransportMemory {
  /** The name of the transport that worked last. */
  recall(): string | undefined
  /** That one works; with nothing said, the best one does. */
  keep(name: string | undefined): void
}

/** People carry computers from network to network; and to be wrong costs a second. */
const maxAgeMs = 86_400_000
const maxHosts = 100

const known = new Map<string, string>()

/** What is known of `host` in this program, and in a page also in its storage, for a day. */
export function transportMemory(host: string, now: () => number = Date.now): TransportMemory {
  const key = `polyplex:${host}`
  return {
    recall() {
      const [name, time] = (known.get(key) ?? storage()?.getItem(key) ?? '').split(' ')
      return now() - Number(time) < maxAgeMs ? name : undefined
    },
    keep(name) {
      known.delete(key)
      try {
        if (name === undefined) storage()?.removeItem(key)
        else {
          if (known.size >= maxHosts) known.clear()
          known.set(key, `${name} ${now()}`)
          storage()?.setItem(key, `${name} ${now()}`)
        }
      } catch {
        // It is full: then it is forgotten with the page.
      }
    },
  }
}

/** What is used of a page's storage. */
interface Storage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/** The page's, where there is one and it is allowed. */
function storage(): Storage | undefined {
  try {
    return 'document' in globalThis ? (globalThis as { localStorage?: Storage }).localStorage : undefined
  } catch {
    return undefined
  }
}
