import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '@redrive/worker'
import type { Store } from '../../store/store.ts'
import type { Delivered, Notifier } from './notifier.ts'
import { dropRepeats, dropWhatIsOver, due, lease, next, note, release, sweep } from './outbox.ts'

const pollMs = 1_000
const sweepEveryMs = 60_000
const minuteMs = 60_000
/** Whoever asks to be left alone is, for so long. */
const mostAskedMs = 3_600_000
const rests = { firstMs: 1_000, mostMs: 300_000 } as const

export interface Delivery {
  /** Something was written: look now. */
  wake(): void
  stop(): Promise<void>
}

/**
 * Delivers what is written for each notifier: at least once, in order, each on its own, so that one that is slow or down keeps no other waiting. A
 * process that dies after a notice went out and before that was noted has it sent again, with the same key.
 */
export function startDelivery(
  store: Store,
  options: {
    readonly notifiers: ReadonlyMap<string, Notifier>
    readonly tell: (line: string) => void
    readonly clock?: Clock
  },
): Delivery {
  const { notifiers, tell, clock = systemClock } = options
  const stopping = new AbortController()
  const token = randomUUID()
  const busy = new Map<string, Promise<void>>()
  const rates = new Map([...notifiers].map(([name, { perMinute }]) => [name, rateOf(perMinute, clock)]))
  let woken = Promise.withResolvers<void>()

  const deliverOne = async (notifier: Notifier): Promise<boolean> => {
    const { name } = notifier
    if (rates.get(name)?.isOver() || !(await lease(store.pool, name, token))) return false
    await dropWhatIsOver(store.pool, name)
    await dropRepeats(store.pool, name)
    const waiting = await next(store.pool, name)
    if (waiting === null || waiting.rests) return false
    rates.get(name)?.count()
    const delivered = await notifier.deliver(waiting, stopping.signal).catch(broken)
    if (stopping.signal.aborted && delivered.kind === 'later') return false
    const restMs =
      delivered.kind === 'later' ? Math.max(Math.min(delivered.afterMs ?? 0, mostAskedMs), restAfter(waiting.tries)) : 0
    await note(store.pool, { id: waiting.id, name, token }, { delivered, restMs })
    if (delivered.kind === 'refused') tell(`the notifier ${name} cannot deliver a notice: ${delivered.reason}`)
    if (delivered.kind === 'later' && waiting.tries === 0)
      tell(`the notifier ${name} delivers nothing: ${delivered.reason}`)
    return delivered.kind !== 'later'
  }

  const drain = async (notifier: Notifier): Promise<void> => {
    try {
      while (!stopping.signal.aborted && (await deliverOne(notifier)));
    } catch (error) {
      if (!stopping.signal.aborted)
        tell(`notices could not be delivered: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  const loop = async (): Promise<void> => {
    let sweptMs = Number.NEGATIVE_INFINITY
    let isTroubled = false
    while (!stopping.signal.aborted) {
      try {
        for (const name of await due(store.pool)) {
          const notifier = notifiers.get(name)
          if (notifier === undefined || busy.has(name)) continue
          busy.set(
            name,
            drain(notifier).finally(() => busy.delete(name)),
          )
        }
        if (clock.monotonic() - sweptMs >= sweepEveryMs) {
          await sweep(store.pool, [...notifiers.keys()])
          sweptMs = clock.monotonic()
        }
        isTroubled = false
      } catch (error) {
        if (!isTroubled)
          tell(`notices could not be looked for: ${error instanceof Error ? error.message : String(error)}`)
        isTroubled = true
      }
      await Promise.race([clock.sleep(pollMs, stopping.signal), woken.promise])
      woken = Promise.withResolvers()
    }
  }

  const running = loop()
  return {
    wake: () => woken.resolve(),
    async stop() {
      stopping.abort()
      await running
      await Promise.all(busy.values())
      // So that another office need not wait for the lease to end.
      await Promise.all([...notifiers.keys()].map((name) => release(store.pool, name, token))).catch(() => undefined)
    },
  }
}

/** A notifier that breaks on a notice must not hold up what follows without a word. */
function broken(error: unknown): Delivered {
  return { kind: 'later', reason: `the notifier is broken: ${error instanceof Error ? error.message : String(error)}` }
}

/** Doubled with each try, half of it by chance, so that many offices do not come at once. */
function restAfter(tries: number): number {
  const wholeMs = Math.min(rests.mostMs, rests.firstMs * 2 ** Math.min(30, tries))
  return wholeMs / 2 + (wholeMs / 2) * Math.random()
}

function rateOf(perMinute: number, clock: Clock): { isOver(): boolean; count(): void } {
  let sentMs: number[] = []
  return {
    isOver() {
      const nowMs = clock.monotonic()
      sentMs = sentMs.filter((each) => nowMs - each < minuteMs)
      return sentMs.length >= perMinute
    },
    count: () => void sentMs.push(clock.monotonic()),
  }
}
