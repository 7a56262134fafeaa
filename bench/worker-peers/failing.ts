import { Admin, Consumer, Producer } from '@platformatic/kafka'
import { createWorker, retryLater } from '@redrive/worker'
import { kafkaBroker } from '@redrive/worker/kafka'
import { inputOf } from '../lib/child.ts'
import { percentile } from '../lib/median.ts'
import type { FailingAnswer, FailingInput } from './peer.ts'

/** A worker some of whose messages fail once: how fast the rest goes, and how late the retries come. */
const { brokers, topic, records, group, concurrency, failEvery, delayMs } = inputOf<FailingInput>()
const broker = kafkaBroker({
  client: { Admin, Consumer, Producer },
  connection: { clientId: 'failing', bootstrapBrokers: [brokers] },
})
const done = Promise.withResolvers<void>()
const dueAtMs = new Map<string, number>()
const lateness: number[] = []
let fresh = 0
let ended = 0
let again = 0
const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:443'), { code: 'ECONNREFUSED' })
let bytes = 0
let waiting = 0
let freshSeconds = 0
let startedAt = 0
let cpu = process.cpuUsage()
const worker = createWorker({
  broker,
  queue: topic,
  consumer: group,
  concurrency,
  async handle(message, context) {
    if (context.place === topic) {
      if (fresh === 0) {
        startedAt = performance.now()
        cpu = process.cpuUsage()
      }
      bytes += message.body?.byteLength ?? 0
      fresh++
      if (fresh === records) freshSeconds = (performance.now() - startedAt) / 1000
      if (fresh % failEvery === 0) {
        const delay = Math.round(delayMs[0] + Math.random() * (delayMs[1] - delayMs[0]))
        dueAtMs.set(context.letterId, Date.now() + delay)
        return retryLater(delay, refused)
      }
      ended++
    } else {
      const due = dueAtMs.get(context.letterId)
      // After a rebalance a message may come a second time, and so may its retry.
      if (due === undefined) again++
      else {
        lateness.push(Date.now() - due)
        dueAtMs.delete(context.letterId)
        ended++
      }
    }
    if (ended >= records) done.resolve()
    return undefined
  },
})
const sampling = setInterval(() => {
  waiting = Math.max(waiting, worker.health().waitingInLanes)
}, 20)
await worker.start()
await done.promise
const used = process.cpuUsage(cpu)
clearInterval(sampling)
await worker.stop()
await broker.close()
const answer: FailingAnswer = {
  rowsPerSecond: records / freshSeconds,
  cpuMicrosPerRow: (used.user + used.system) / records,
  bytes,
  retries: lateness.length,
  again,
  latenessMs: { p50: percentile(lateness, 0.5), p99: percentile(lateness, 0.99), most: Math.max(...lateness) },
  waiting,
}
console.log(JSON.stringify(answer))
process.exit(0)
