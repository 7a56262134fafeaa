import type { Broker } from '@redrive/worker'
import type { OpenBroker } from '../src/office-captures.ts'

/** A broker in memory as an office is given one: it captures from `dead`. */
export function memoryConnection(broker: Broker): OpenBroker {
  return {
    name: 'memory',
    config: { type: 'kafka', brokers: [], deadLetters: ['dead'], receipts: 'receipts', consumer: 'office' },
    broker,
    isWithin: false,
    close: () => broker.close(),
  }
}
