import { CallError, channel } from '../../index.server.ts'
import { Ledger } from './ledger.ts'
import { known, ordinal } from './schema.ts'

const mostProbes = 1_000
const tickMs = 250
/** So long the numbers go on after a session that ended unasked: its page may come back with another one. */
const lingerMs = 150_000
/** A page that is further ahead than this does not count, it plays. */
const mostAhead = 5_000

/** What has arrived here from the page, and how many numbers it was told. */
export interface Account {
  readonly arrived: number
  readonly doubled: number
  readonly missing: number
  readonly disordered: number
  readonly told: number
}

/** What a page hears; `at` in milliseconds since 1970. */
export interface Tick {
  readonly number: number
  readonly at: number
}

interface Probe {
  readonly ledger: Ledger
  told: number
  members: number
  ticking: NodeJS.Timeout | undefined
  lingering: NodeJS.Timeout | undefined
}

/**
 * A page's own channel, with numbers both ways: the server publishes one every quarter of a second, whether anybody hears
 * it or not, and the page calls with the next one.
 */
export function probes(publish: (channel: string, event: 'tick', tick: Tick) => Promise<unknown>) {
  const all = new Map<string, Probe>()

  const stop = (name: string, probe: Probe): void => {
    clearInterval(probe.ticking)
    clearTimeout(probe.lingering)
    all.delete(name)
  }

  const begin = (name: string): Probe => {
    const probe: Probe = {
      ledger: new Ledger(),
      told: 0,
      members: 0,
      ticking: undefined,
      lingering: undefined,
    }
    const tick = (): void => {
      probe.told += 1
      publish(name, 'tick', { number: probe.told, at: Date.now() }).catch(() => stop(name, probe))
    }
    probe.ticking = setInterval(tick, tickMs).unref()
    all.set(name, probe)
    return probe
  }

  return channel('probe:{id}', {
    events: {
      tick: { delivery: known<Tick>() },
      count: { input: ordinal, output: known<Account>() },
      arrived: { input: ordinal, output: known<Account & { readonly has: boolean }>() },
    },
    history: { limit: 2_000, ttlMs: 600_000 },
    join({ channel }, { id }) {
      if (!/^[\w-]{16,64}$/.test(id))
        throw new CallError('ERR_CHANNEL', { message: 'A probe is named by its page' })
      if (!all.has(channel) && all.size >= mostProbes) {
        throw new CallError('ERR_APPLICATION', {
          message: 'Too many pages count at the moment',
          reason: 'full',
        })
      }
      const probe = all.get(channel) ?? begin(channel)
      probe.members += 1
      clearTimeout(probe.lingering)
    },
    on: {
      count({ channel }, number) {
        const probe = all.get(channel)
        if (probe === undefined || number > probe.ledger.highest + mostAhead) {
          throw new CallError('ERR_APPLICATION', { message: 'Nobody counts so far', reason: 'far-ahead' })
        }
        probe.ledger.take(number)
        return accountOf(probe)
      },
      arrived({ channel }, number) {
        const probe = all.get(channel)
        if (probe === undefined) throw new CallError('ERR_CHANNEL', { message: 'Nobody counts here' })
        return { ...accountOf(probe), has: probe.ledger.has(number) }
      },
    },
    leave({ channel }, why) {
      const probe = all.get(channel)
      if (probe === undefined) return
      probe.members -= 1
      if (probe.members > 0) return
      if (why === 'normal') stop(channel, probe)
      else probe.lingering = setTimeout(() => stop(channel, probe), lingerMs).unref()
    },
  })
}

function accountOf({ ledger: { arrived, doubled, missing, disordered }, told }: Probe): Account {
  return { arrived, doubled, missing, disordered, told }
}
