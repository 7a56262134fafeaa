import type { Delivery, Subscription } from '../broker.ts'

/** Who wants to know that a delivery is settled. */
export interface Settled {
  settled(): void
}

/** Settles one delivery at a time for the caller and many at a time for the broker. */
export interface Settler {
  /** Tells `done` when the broker has it, or could not be told: then it comes again. */
  ack(delivery: Delivery, done: Settled): void
  /** Never rejects. */
  release(delivery: Delivery, delayMs?: number): Promise<void>
  /** Resolves when nothing is on its way. */
  flushed(): Promise<void>
}

export function settler(subscription: Subscription, onTrouble: (cause: unknown) => void): Settler {
  let acks: Delivery[] = []
  let waiting: Settled[] = []
  let flushing: Promise<void> | null = null
  const others = new Set<Promise<void>>()

  const flush = async (): Promise<void> => {
    // The whole burst of handlers that end now goes in one call.
    await Promise.resolve()
    while (acks.length > 0) {
      const batch = acks
      const told = waiting
      acks = []
      waiting = []
      await subscription.settle(batch, { kind: 'ack' }).catch(onTrouble)
      for (const done of told) done.settled()
    }
    flushing = null
  }
  return {
    ack(delivery, done) {
      acks.push(delivery)
      waiting.push(done)
      flushing ??= flush()
    },
    release(delivery, delayMs = 0) {
      const released = subscription.settle([delivery], { kind: 'release', delayMs }).catch(onTrouble)
      others.add(released)
      return released.finally(() => others.delete(released))
    },
    async flushed() {
      while (flushing !== null || others.size > 0) await Promise.all([flushing, ...others])
    },
  }
}
