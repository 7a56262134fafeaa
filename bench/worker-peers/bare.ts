import { Consumer } from '@platformatic/kafka'
import { inputOf } from '../lib/child.ts'
import type { Answer, Input } from './peer.ts'

/** The client by itself: fetch, look at each record, commit, fetch; as fast as it goes and with no promise kept. */
const { brokers, topic, partitions, records, group } = inputOf<Input>()
const consumer = new Consumer({ clientId: 'bare', groupId: group, bootstrapBrokers: [brokers], autocommit: false })
consumer.topics.trackAll(topic)
await consumer.joinGroup()
const metadata = await consumer.metadata({ topics: [topic] })
const found = metadata.topics.get(topic)
if (found === undefined) throw new Error(`no topic ${topic}`)
const node = found.partitions[0]?.leader ?? 1
const positions = new Map(Array.from({ length: partitions }, (_, partition) => [partition, 0n]))
let seen = 0
let bytes = 0
const handle = async (value: Buffer | null): Promise<void> => {
  bytes += value?.length ?? 0
}

const startedAt = performance.now()
const cpu = process.cpuUsage()
while (seen < records) {
  const response = await consumer.fetch({
    node,
    maxWaitTime: 500,
    minBytes: 1,
    maxBytes: 8 * 1024 * 1024,
    isolationLevel: 1,
    topics: [
      {
        topicId: found.id,
        partitions: [...positions].map(([partition, fetchOffset]) => ({
          partition,
          fetchOffset,
          partitionMaxBytes: 1024 * 1024,
          currentLeaderEpoch: -1,
          lastFetchedEpoch: -1,
        })),
      },
    ],
  })
  const moved = new Set<number>()
  for (const each of response.responses.flatMap((answer) => answer.partitions)) {
    const from = positions.get(each.partitionIndex) ?? 0n
    let next = from
    for (const batch of each.records ?? []) {
      for (const record of batch.records) {
        const offset = batch.firstOffset + BigInt(record.offsetDelta)
        if (offset < from) continue
        await handle(record.value)
        seen++
        next = offset + 1n
      }
    }
    if (next === from) continue
    positions.set(each.partitionIndex, next)
    moved.add(each.partitionIndex)
  }
  const offsets = [...moved].map((partition) => ({
    topic,
    partition,
    offset: positions.get(partition) ?? 0n,
    leaderEpoch: -1,
  }))
  if (offsets.length > 0) await consumer.commit({ offsets })
}
const seconds = (performance.now() - startedAt) / 1000
const used = process.cpuUsage(cpu)
await consumer.close(true)
const answer: Answer = { rowsPerSecond: seen / seconds, cpuMicrosPerRow: (used.user + used.system) / seen, bytes }
console.log(JSON.stringify(answer))
process.exit(0)
