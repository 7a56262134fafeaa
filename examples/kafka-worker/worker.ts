// A worker on Kafka. KAFKA_BROKERS=localhost:9092 node worker.ts
import * as client from '@platformatic/kafka'
import { createWorker, exponential } from '@redrive/worker'
import { kafkaBroker } from '@redrive/worker/kafka'

const bootstrapBrokers = (process.env['KAFKA_BROKERS'] ?? 'localhost:9092').split(',')
const broker = kafkaBroker({ client, connection: { clientId: 'reefer', bootstrapBrokers } })
const worker = createWorker({
  broker,
  queue: 'orders',
  consumer: 'reefer', // the consumer group is reefer.orders
  release: process.env['RELEASE'] ?? 'unreleased', // letters say which release failed
  order: 'key', // first attempts of one key run one after another
  concurrency: 20,
  timeoutMs: 10_000,
  retry: { maxAttempts: 6, backoff: exponential({ firstMs: 500, maxMs: 600_000 }) },
  handle: async (message, { signal }) => {
    const response = await fetch('http://inventory.internal/allocate', { method: 'POST', body: message.body, signal })
    if (!response.ok)
      throw Object.assign(new Error(`inventory answered ${response.status}`), { status: response.status })
  },
})
worker.on('died', ({ tier, letterId, failure }) => console.error(`letter ${letterId}: ${tier}: ${failure?.message}`))
worker.on('paused', ({ reason }) => console.error(`nothing is taken in: ${reason}`))
worker.on('trouble', ({ message }) => console.error(message))
await worker.start()

process.once('SIGTERM', () => void worker.stop().then(() => broker.close()))
