import { type Broker, type Clock, type Ends, isRedriveError } from '@redrive/worker'
import type { Store } from '../store/store.ts'

/** Place number → how far it reached; places that cannot say are left out. */
export type NotedEnds = Readonly<Record<string, Ends>>

/** How far the places of a plan reach, to be noted in an intent. */
export interface EndNotes {
  current(): Promise<NotedEnds | null>
}

/**
 * Asks the brokers at most once a second: an older end is as good, and only makes a look back longer. A broker that does not answer
 * holds nobody up for more than a moment; what it said before still stands.
 */
export function endNotes(
  store: Store,
  options: { readonly planId: string; readonly brokers: ReadonlyMap<string, Broker>; readonly clock: Clock },
): EndNotes {
  const { planId, brokers, clock } = options
  const known = new Map<string, Ends>()
  let places: Promise<readonly Place[]> | undefined
  let askedAtMs = Number.NEGATIVE_INFINITY
  return {
    async current() {
      places ??= placesOf(store, planId).catch((error: unknown) => {
        places = undefined
        throw error
      })
      const asked = (await places).filter(({ broker }) => brokers.get(broker)?.ends !== undefined)
      if (asked.length === 0) return null
      if (performance.now() - askedAtMs >= maxAgeMs) {
        const startedAtMs = performance.now()
        await Promise.all(
          asked.map(async ({ number, broker, place }) => {
            const ends = await within(endsOf(brokers.get(broker), place), { ms: patienceMs, clock })
            if (ends !== null) known.set(String(number), ends)
          }),
        )
        askedAtMs = startedAtMs
      }
      return known.size === 0 ? null : Object.fromEntries(known)
    },
  }
}

const maxAgeMs = 1_000
const patienceMs = 5_000

interface Place {
  readonly number: number
  readonly broker: string
  readonly place: string
}

async function placesOf(store: Store, planId: string): Promise<readonly Place[]> {
  const { rows } = await store.pool.query<Place>('select number, broker, place from plan_place where plan_id = $1', [
    planId,
  ])
  return rows
}

/** `null`: it cannot say. */
async function endsOf(broker: Broker | undefined, place: string): Promise<Ends | null> {
  try {
    return (await broker?.ends?.(place)) ?? null
  } catch (error) {
    // A place that is not there yet begins with its first message.
    return isRedriveError(error, 'PLACE_MISSING') ? { positions: {} } : null
  }
}

async function within<T>(answer: Promise<T>, { ms, clock }: { ms: number; clock: Clock }): Promise<T | null> {
  const done = new AbortController()
  try {
    return await Promise.race([answer, clock.sleep(ms, done.signal).then(() => null)])
  } finally {
    done.abort()
  }
}
