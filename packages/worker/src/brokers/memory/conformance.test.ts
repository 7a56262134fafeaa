import type { Broker } from '../../broker.ts'
import { outageOf } from '../../testing/outage.ts'
import { testBroker } from '../../testing/test-broker.ts'
import { type MemoryBroker, type MemoryBrokerOptions, memoryBroker } from './index.ts'

const noConnection = 'a broker in memory has no connection to cut'

for (const [name, options] of [
  ['memory', {}],
  ['memory as a log', { plays: 'log', nativeDelay: false }],
  ['memory that requeues', { plays: 'requeue' }],
  ['memory that forgets', { keepMs: 3_600_000 }],
  ['memory, 3 partitions, no native delay', { partitions: 3, nativeDelay: false }],
] as const satisfies readonly (readonly [string, MemoryBrokerOptions])[]) {
  let runs = 0
  testBroker(name, {
    create: async () => {
      const made: MemoryBroker[] = [memoryBroker(options)]
      const first = made[0] as MemoryBroker
      const outage = outageOf(first)
      return {
        broker: outage.broker,
        prefix: `case-${runs++}`,
        async other() {
          const next = memoryBroker({ ...options, store: first.store })
          made.push(next)
          return next
        },
        async crash(broker: Broker) {
          made.find((each) => each === broker)?.crash()
        },
        outage: {
          start: async () => outage.sleep(),
          stop: async () => outage.wake(),
        },
        dispose: async () => undefined,
      }
    },
    skip: [
      { case: 'a cut connection is got over', reason: noConnection },
      { case: 'settling after a cut is harmless', reason: noConnection },
      { case: 'a cut is reported', reason: noConnection },
    ],
    deadlineMs: 5_000,
    quietMs: 50,
  })
}
