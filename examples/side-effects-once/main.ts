// Sends one order; its first charge is answered too late and its first mail refused. expected-output.txt has what this prints.
import { mails, payments } from './services.ts'
import { broker, worker } from './worker.ts'

const handled = new Promise<number>((resolve) => worker.on('handled', ({ attempt }) => resolve(attempt)))
worker.on('retried', ({ attempt, failure }) => console.log(`attempt ${attempt} failed: ${failure.message}`))
await broker.send('orders', [{ message: { key: null, body: Buffer.from('order 4711'), headers: [] } }])
console.log(`handled at attempt ${await handled}`)
console.log(payments.summary())
console.log(`mails: ${mails.join(', ')}`)
await worker.stop()
await broker.close()
