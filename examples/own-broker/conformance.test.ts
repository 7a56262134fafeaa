import { type MemoryBroker, memoryBroker, memoryStore } from '@redrive/worker/memory'
import { outageOf, testBroker } from '@redrive/worker/testing'

const reason = 'a broker in memory has no connection to cut'
let runs = 0

testBroker('my broker', {
  create: async () => {
    const store = memoryStore() // your server
    const brokers: MemoryBroker[] = [] // your adapter, once for each process that is played
    const open = (): MemoryBroker => {
      const broker = memoryBroker({ store })
      brokers.push(broker)
      return broker
    }
    const outage = outageOf(open()) // on a real server: stop it, or cut it off by a proxy
    return {
      broker: outage.broker,
      prefix: `case-${runs++}`, // unique per case: begins the name of every place
      other: async () => open(),
      crash: async (broker) => brokers.find((each) => each === broker)?.crash(),
      outage: { start: async () => outage.sleep(), stop: async () => outage.wake() },
      dispose: async () => undefined,
    }
  },
  skip: [
    { case: 'a cut connection is got over', reason },
    { case: 'settling after a cut is harmless', reason },
    { case: 'a cut is reported', reason },
  ],
  quietMs: 50,
})
