import { constant, createWorker } from '@redrive/worker'
import { memoryEffects } from '@redrive/worker/effects' // or postgresEffects, redisEffects with your own client
import { memoryBroker } from '@redrive/worker/memory'
import { payments, sendMail } from './services.ts'

export const broker = memoryBroker()
export const store = memoryEffects()
export const worker = createWorker({
  broker,
  queue: 'orders',
  consumer: 'billing',
  retry: { backoff: constant(10) },
  effects: { store },
  async handle(message, { effects }) {
    const order = Buffer.from(message.body ?? []).toString()
    const charge = await effects.once('charge', ({ idempotencyKey }) => payments.charge(order, idempotencyKey), {
      // Called when an earlier attempt was lost, or failed by a time-out: the provider knows what happened.
      async onMaybe({ idempotencyKey }) {
        const found = await payments.find(idempotencyKey)
        return found === undefined ? { happened: false } : { happened: true, result: found }
      },
    })
    // Twice is better than never.
    await effects.once('mail', () => sendMail(`${order}: ${charge.id}`), { onMaybe: 'run' })
  },
})
await worker.start()
