import type { Delivery, Subscription } from '../broker.ts'

/** Settles one delivery at a time for the caller and many at a time for the broker. */
export interface Settler {
  /** Resolves when the broker has it. Never rejects: what cannot be settled comes again. */
  ack(delivery: Delivery): Promise<void>
  release(delivery: Delivery, delayMs?: number): Promise<void>
  /** Resolves when nothing is on its way. */
  flushed(): Promise<void>
}

export function settler(subscription: Subscription, onTrouble: (cause: unknown) => void): Settler {
  let acks: Delivery[] = []
  let flushing: Promise<void> | null = null
  const others = new Set<Promise<void>>()

  const flush = async (): Promise<void> => {
    // The whole burst of handlers that end now goes in one call.
    await Promise.resolve()
    while (acks.length > 0) {
      const batch = acks
      acks = []
      await subscription.settle(batch, { kind: 'ack' }).catch(onTrouble)
    }
    flushing = null
  }
  return {
    ack(delivery) {
      acks.push(delivery)
      flushing ??= flush()
      return flushing
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
