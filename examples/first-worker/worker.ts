import { createWorker, PermanentError } from '@redrive/worker'
import { memoryBroker } from '@redrive/worker/memory'
import { allocate, type Order } from './inventory.ts'

export const broker = memoryBroker() // or kafkaBroker, rabbitmqBroker, pgBossBroker with your own client
export const worker = createWorker({
  broker,
  queue: 'orders',
  consumer: 'reefer',
  handle: async (message, { signal }) => {
    const order: Order = JSON.parse(Buffer.from(message.body ?? []).toString()) // not JSON: a malformed letter
    if (order.pallets > 20_000) throw new PermanentError('no ship takes that many') // a permanent letter, at once
    await allocate(order, signal) // throws: called again later, while the queue goes on
  },
})
await worker.start()
