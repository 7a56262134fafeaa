// A worker on RabbitMQ. AMQP_URL=amqp://localhost node worker.ts
import { createWorker, MalformedError, retryLater } from '@redrive/worker'
import { rabbitmqBroker } from '@redrive/worker/rabbitmq'
import { connect } from 'amqplib'

const broker = rabbitmqBroker({ connect: () => connect(process.env['AMQP_URL'] ?? 'amqp://localhost') })
const worker = createWorker({
  broker,
  queue: 'orders',
  consumer: 'reefer',
  release: process.env['RELEASE'] ?? 'unreleased',
  retry: { maxAttempts: 5, perClass: { timeout: { maxAttempts: 2 } } },
  handle: async (message, { signal }) => {
    if (message.body === null || message.body.byteLength === 0) throw new MalformedError('an order without a body')
    const response = await fetch('http://inventory.internal/allocate', { method: 'POST', body: message.body, signal })
    if (response.status === 409) return retryLater(60_000) // somebody else allocates right now
    if (!response.ok)
      throw Object.assign(new Error(`inventory answered ${response.status}`), { status: response.status })
    return undefined
  },
})
worker.on('died', ({ tier, letterId, failure }) => console.error(`letter ${letterId}: ${tier}: ${failure?.message}`))
worker.on('paused', ({ reason }) => console.error(`nothing is taken in: ${reason}`))
await worker.start()

process.once('SIGTERM', () => void worker.stop().then(() => broker.close()))
