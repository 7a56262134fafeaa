import type { Broker, Delivery, Message } from '@redrive/worker'
import { messageBytes } from '@redrive/worker'

export interface EndlessSource extends Broker {
  /** Resolves when every letter was acknowledged. */
  readonly drained: Promise<void>
}

/** A source that costs next to nothing: `count` letters over six partitions with positions, made when they are asked for. */
export function endlessSource(count: number, make: (number: number) => Message): EndlessSource {
  const drained = Promise.withResolvers<void>()
  let acked = 0
  return {
    system: 'kafka',
    drained: drained.promise,
    capabilities: {
      ordering: 'partition',
      nativeDelay: false,
      redelivered: 'superset',
      positions: true,
      keys: true,
      headers: { duplicates: true, nulls: true, order: true },
      maxBytes: 1_048_576,
      maxHeaderBytes: 1_048_576,
      losses: [],
    },
    prepare: () => Promise.resolve(),
    send: () => Promise.resolve([]),
    depth: () => Promise.resolve({ messages: count - acked }),
    describe: () => Promise.resolve({ exists: true, partitions: 6, facts: [], consumers: [] }),
    close: () => Promise.resolve(),
    async receive(place, options) {
      await options.positions?.load(place, ['0', '1', '2', '3', '4', '5'])
      let made = 0
      let out = 0
      let closed = false
      const ended = Promise.withResolvers<void>()
      return {
        async next({ maxMessages, waitMs }) {
          const wanted = Math.min(maxMessages, count - made, options.maxInFlight.messages - out)
          if (closed || wanted <= 0) {
            if (!closed) await Promise.race([ended.promise, new Promise((resolve) => setTimeout(resolve, waitMs))])
            return []
          }
          const deliveries: Delivery[] = []
          for (let n = 0; n < wanted; n++, made++) {
            const message = make(made)
            deliveries.push({
              message,
              place,
              partition: String(made % 6),
              position: BigInt(Math.floor(made / 6)),
              nativeId: null,
              redelivered: false,
              deliveryCount: null,
              bytes: messageBytes(message),
            })
          }
          out += wanted
          return deliveries
        },
        async settle(deliveries) {
          out -= deliveries.length
          acked += deliveries.length
          if (acked >= count) drained.resolve()
        },
        extend: () => Promise.resolve(),
        async close(settled) {
          closed = true
          ended.resolve()
          await settled
        },
      }
    },
  }
}
