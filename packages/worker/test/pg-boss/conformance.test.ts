import { testBroker } from '@redrive/worker/testing'
import type { Broker } from '../../src/broker.ts'
import { proxied, type Wired, wire } from './server.ts'

let runs = 0

testBroker('pg-boss', {
  async create() {
    runs += 1
    const { proxy, url } = await proxied()
    const wired = new Map<Broker, Wired>()
    const open = async (): Promise<Broker> => {
      const next = await wire({ leaseMs: 1_000, pollMs: { min: 20, max: 100 } }, url)
      wired.set(next.broker, next)
      return next.broker
    }
    return {
      broker: await open(),
      prefix: `case-${runs}`,
      other: open,
      crash: async (broker) => wired.get(broker)?.crash(),
      disconnect: async (broker) => wired.get(broker)?.cut(),
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
        for (const { broker, boss } of wired.values()) {
          await broker.close()
          await boss.stop({ graceful: false }).catch(() => undefined)
        }
        await proxy.close()
      },
    }
  },
})
