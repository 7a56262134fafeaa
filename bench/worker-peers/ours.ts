import { Admin, Consumer, Producer } from '@platformatic/kafka'
import { createWorker } from '@redrive/worker'
import { kafkaBroker } from '@redrive/worker/kafka'
import { inputOf } from '../lib/child.ts'
import type { Answer, OursInput } from './peer.ts'

/** A worker with every guarantee on, and a handler that does nothing. */
const { brokers, topic, warmUp, records, group, concurrency } = inputOf<OursInput>()
const broker = kafkaBroker({
  client: { Admin, Consumer, Producer },
  connection: { clientId: 'ours', bootstrapBrokers: [brokers] },
})
const done = Promise.withResolvers<void>()
let seen = 0
let bytes = 0
let startedAt = 0
let cpu = process.cpuUsage()
const worker = createWorker({
  broker,
  queue: topic,
  consumer: group,
  concurrency,
  async handle(message) {
    // Not from the worker's start: that makes topics and joins groups, once in its life.
    if (seen === warmUp) {
      startedAt = performance.now()
      cpu = process.cpuUsage()
    }
    bytes += message.body?.byteLength ?? 0
    seen++
    if (seen === warmUp + records) done.resolve()
  },
})
await worker.start()
await done.promise
// Asking for the depth writes what is acknowledged, so that the last commit is in the time as well.
while ((await broker.depth(topic, group)).messages > 0) await new Promise((resolve) => setTimeout(resolve, 1))
const seconds = (performance.now() - startedAt) / 1000
const used = process.cpuUsage(cpu)
await worker.stop()
await broker.close()
if (worker.health().counters.handled !== warmUp + records) throw new Error(JSON.stringify(worker.health()))
const answer: Answer = { rowsPerSecond: records / seconds, cpuMicrosPerRow: (used.user + used.system) / records, bytes }
console.log(JSON.stringify(answer))
process.exit(0)
