import type { Clock, Delivery, Subscription } from '@redrive/worker'
import type { Store } from '../store/store.ts'
import { deleteUnsettled } from '../store/unsettled.ts'
import type { CaptureEvent } from './events.ts'

/** Acknowledges what is committed, one batch after the other, and remembers which acknowledgements have surely arrived. */
export interface Settler {
  /** @param letterIds letters that could not be told apart from another message when these deliveries came again */
  ack(subscription: Subscription, deliveries: readonly Delivery[], letterIds: readonly string[]): void
  /** The link was cut: acknowledgements that were under way may not have arrived. */
  disconnected(): void
  /** Letters whose acknowledgement has arrived, each told once. */
  take(): readonly string[]
  /** The same, forgotten in the store at once: for times without letters. */
  flush(): Promise<void>
  /** Resolves when nothing is being acknowledged. */
  idle(): Promise<void>
}

/** Where a broker does not confirm acknowledgements, a link that held for so long after one has delivered it. */
const arrivedAfterMs = 5_000

export function settler({
  store,
  sourceId,
  place,
  clock,
  onEvent,
}: {
  readonly store: Store
  readonly sourceId: number
  readonly place: string
  readonly clock: Clock
  readonly onEvent: (event: CaptureEvent) => void
}): Settler {
  let chain: Promise<void> = Promise.resolve()
  let links = 0
  let sent: { readonly link: number; readonly atMs: number; readonly letterIds: readonly string[] }[] = []

  async function settle(
    subscription: Subscription,
    deliveries: readonly Delivery[],
    letterIds: readonly string[],
  ): Promise<void> {
    const link = links
    try {
      await subscription.settle(deliveries, { kind: 'ack' })
      if (letterIds.length > 0 && link === links) sent.push({ link, atMs: clock.monotonic(), letterIds })
    } catch (error) {
      onEvent({
        kind: 'trouble',
        place,
        message: `an acknowledgement failed, the letters may be delivered again: ${String(error)}`,
      })
    }
  }

  function take(): readonly string[] {
    const arrived = sent.filter(({ atMs }) => clock.monotonic() - atMs >= arrivedAfterMs)
    if (arrived.length > 0) sent = sent.filter((entry) => !arrived.includes(entry))
    return arrived.flatMap(({ letterIds }) => letterIds)
  }

  return {
    ack(subscription, deliveries, letterIds) {
      chain = chain.then(() => settle(subscription, deliveries, letterIds))
    },
    disconnected() {
      links++
      sent = []
    },
    take,
    async flush() {
      const letterIds = take()
      if (letterIds.length === 0) return
      // What cannot be forgotten now is forgotten by its age.
      await deleteUnsettled(store.pool, sourceId, letterIds).catch((error: unknown) =>
        onEvent({ kind: 'trouble', place, message: String(error) }),
      )
    },
    idle: () => chain,
  }
}
