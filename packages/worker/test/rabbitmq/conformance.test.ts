import { testBroker } from '@redrive/worker/testing'
import type { Broker } from '../../src/broker.ts'
import { managementUrl, prefixFor, proxyTo, rabbitmqUrl, removeQueues, through, type Wired, wire } from './server.ts'

testBroker('rabbitmq', {
  async create() {
    const url = rabbitmqUrl()
    const proxy = await proxyTo(url)
    const wired: Wired[] = []
    const made = new Set<string>()
    const open = (): Broker => {
      const next = wire(through(url, proxy), { management: { url: managementUrl() } })
      wired.push(next)
      return {
        ...next.broker,
        prepare: (places) => (places.forEach(({ place }) => made.add(place)), next.broker.prepare(places)),
      }
    }
    const brokers = new Map<Broker, Wired>()
    const tracked = (): Broker => {
      const broker = open()
      brokers.set(broker, wired.at(-1) as Wired)
      return broker
    }
    return {
      broker: tracked(),
      prefix: prefixFor('conformance'),
      other: async () => tracked(),
      crash: async (broker) => brokers.get(broker)?.crash(),
      disconnect: async (broker) => brokers.get(broker)?.cut(),
      outage: {
        async start() {
          proxy.isRefusing = true
          proxy.cut()
        },
        async stop() {
          proxy.isRefusing = false
        },
      },
      async dispose() {
        await Promise.all(wired.map(({ broker }) => broker.close()))
        await proxy.close()
        await removeQueues(url, made)
      },
    }
  },
})
