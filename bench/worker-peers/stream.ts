import { Consumer } from '@platformatic/kafka'
import { inputOf } from '../lib/child.ts'
import type { Answer, Input } from './peer.ts'

/** The client's own stream, as its documentation shows it, with its own commits. */
const { brokers, topic, warmUp, records, group } = inputOf<Input>()
const consumer = new Consumer({ clientId: 'stream', groupId: group, bootstrapBrokers: [brokers] })
const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: 100, maxBytes: 8 * 1024 * 1024 })
let seen = 0
let bytes = 0
let startedAt = 0
let cpu = process.cpuUsage()
for await (const message of stream) {
  if (seen === warmUp) {
    startedAt = performance.now()
    cpu = process.cpuUsage()
  }
  bytes += message.value.length
  seen++
  if (seen === warmUp + records) break
}
const seconds = (performance.now() - startedAt) / 1000
const used = process.cpuUsage(cpu)
const answer: Answer = { rowsPerSecond: records / seconds, cpuMicrosPerRow: (used.user + used.system) / records, bytes }
console.log(JSON.stringify(answer))
process.exit(0)
