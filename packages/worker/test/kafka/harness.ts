import { randomUUID } from 'node:crypto'
import { type Proxy, startProxy } from '../../../../tools/testing/kafka-proxy.ts'
import { kafkaUnderTest } from '../../../../tools/testing/kafka-under-test.ts'
import type { Broker } from '../../src/broker.ts'
import type { Harness } from '../../src/testing/index.ts'

/** A broker of the adapter, reached at `address`. */
export type MakeBroker = (address: string) => Broker

export interface KafkaHarness extends Harness {
  /** The proxy in front of a broker. */
  proxyOf(broker: Broker): Proxy
}

/** Each broker has a proxy of its own in front of the one real server: it can die, or be cut off, alone. */
export async function kafkaHarness(make: MakeBroker): Promise<KafkaHarness> {
  const proxies = new Map<Broker, Proxy>()
  const open = async (): Promise<Broker> => {
    const proxy = await startProxy(kafkaUnderTest())
    const broker = make(`127.0.0.1:${String(proxy.port)}`)
    proxies.set(broker, proxy)
    return broker
  }
  return {
    broker: await open(),
    prefix: `c-${randomUUID().slice(0, 8)}`,
    other: open,
    proxyOf(broker) {
      const proxy = proxies.get(broker)
      if (proxy === undefined) throw new Error('not a broker of this harness')
      return proxy
    },
    crash: async (broker) => proxies.get(broker)?.refuse(),
    disconnect: async (broker) => proxies.get(broker)?.cut(),
    outage: {
      start: async () => void (await Promise.all([...proxies.values()].map((proxy) => proxy.refuse()))),
      stop: async () => void (await Promise.all([...proxies.values()].map((proxy) => proxy.accept()))),
    },
    async dispose() {
      // A native client that is closed while it is cut off keeps the process alive.
      await Promise.all([...proxies.values()].map((proxy) => proxy.accept()))
      await Promise.all([...proxies.keys()].map((broker) => broker.close()))
      await Promise.all([...proxies.values()].map((proxy) => proxy.close()))
    },
  }
}
