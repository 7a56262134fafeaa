import { createWorker, PermanentError } from '@redrive/worker'
import { memoryBroker } from '@redrive/worker/memory'

const broker = memoryBroker()
const worker = createWorker({
  broker,
  queue: 'orders',
  retry: { maxAttempts: 2 },
  handle: (message) => {
    throw new PermanentError(`no depot has ${Buffer.from(message.body ?? []).toString()}`)
  },
})
const dead = new Promise((resolve) => worker.on('died', resolve))
await worker.start()
await broker.send('orders', [{ message: { key: null, body: Buffer.from('reefer 7'), headers: [] } }])
console.log('dead:', (await dead).tier)
await worker.stop()
await broker.close()
