import { type Broker, type Clock, type Expiry, systemClock } from '@redrive/worker'
import { standingOf } from '../store/source-losses.ts'
import type { Store } from '../store/store.ts'

/** A place of dead letters that is captured. */
export interface WatchedSource {
  readonly broker: Broker
  /** Name of the broker connection. */
  readonly brokerName: string
  readonly place: string
  /** Consumer group of the office. */
  readonly consumer: string
}

/** What a broker last said of a source. */
export interface SourceExpiry {
  readonly broker: string
  readonly place: string
  readonly askedAtMs: number
  /** `null`: not known, and `why` not. */
  readonly expiry: Expiry | null
  readonly why: string | null
  /** When nothing waited last, as far as this process saw: what waits now came later. */
  readonly emptyAtMs: number | null
}

export interface ExpiryWatch {
  /** Of those that were asked by now. */
  latest(): readonly SourceExpiry[]
  stop(): Promise<void>
}

const everyMs = 120_000
/** A broker that takes long to answer is asked less often. */
const restFactor = 20
const answerWithinMs = 10_000

/** Asks the brokers how long what waits is kept, one source after the other and beside capture, until it is stopped. */
export function watchExpiry(
  store: Pick<Store, 'pool'>,
  { sources, clock = systemClock }: { readonly sources: readonly WatchedSource[]; readonly clock?: Clock },
): ExpiryWatch {
  const stopping = new AbortController()
  const latest = new Map<WatchedSource, SourceExpiry>()

  const ask = async (source: WatchedSource): Promise<void> => {
    const { brokerName, place } = source
    const before = latest.get(source)
    const answer = await answerOf(store, source, { clock, stopping: stopping.signal })
    const askedAtMs = clock.now()
    latest.set(source, {
      broker: brokerName,
      place,
      askedAtMs,
      ...answer,
      emptyAtMs: answer.expiry?.waiting === 0 ? askedAtMs : (before?.emptyAtMs ?? null),
    })
  }
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const startedMs = clock.monotonic()
      for (const source of sources) {
        if (stopping.signal.aborted) return
        await ask(source)
      }
      await clock.sleep(Math.max(everyMs, restFactor * (clock.monotonic() - startedMs)), stopping.signal)
    }
  }
  const running = loop()
  return {
    latest: () => [...latest.values()],
    async stop() {
      stopping.abort()
      await running
    },
  }
}

/** Never rejects, and takes no longer than the limit: an answer that comes later is not waited for. */
async function answerOf(
  store: Pick<Store, 'pool'>,
  { broker, brokerName, place, consumer }: WatchedSource,
  { clock, stopping }: { readonly clock: Clock; readonly stopping: AbortSignal },
): Promise<Pick<SourceExpiry, 'expiry' | 'why'>> {
  if (broker.expiry === undefined) return { expiry: null, why: 'this connection cannot ask it' }
  const enough = new AbortController()
  const late = clock
    .sleep(answerWithinMs, AbortSignal.any([enough.signal, stopping]))
    .then(() => ({ expiry: null, why: `the broker did not answer within ${answerWithinMs / 1_000} s` }))
  const asking = (async () => {
    const own = broker.capabilities.positions
      ? { positions: await standingOf(store.pool, { broker: brokerName, place }) }
      : {}
    const expiry = await broker.expiry?.(place, { consumer, ...own })
    return { expiry: expiry ?? null, why: null }
  })().catch((error: unknown) => ({ expiry: null, why: error instanceof Error ? error.message : String(error) }))
  const answer = await Promise.race([asking, late])
  enough.abort()
  return answer
}
