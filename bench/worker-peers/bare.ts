import { Consumer } from '@platformatic/kafka'
import { readCommitted } from '../../packages/worker/src/brokers/kafka/read-committed.ts'
import { inputOf } from '../lib/child.ts'
import type { Answer, Input } from './peer.ts'

interface Message {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [string, Buffer | null])[]
  readonly timestamp: number
}

/**
 * The client by itself, as a careful user would write it: fetch, leave out control and aborted records, give each record with key, value, headers
 * and time to an async handler and await it, commit per fetch and await that. No retries, no dead letters, no start marks.
 */
const { brokers, topic, partitions, warmUp, records, group } = inputOf<Input>()
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
let startedAt = 0
let cpu = process.cpuUsage()
const handle = async ({ value }: Message): Promise<void> => {
  // Like the worker's: from a message, not from the first request.
  if (seen === warmUp) {
    startedAt = performance.now()
    cpu = process.cpuUsage()
  }
  bytes += value?.length ?? 0
  seen++
}

while (seen < warmUp + records) {
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
    for (const batch of readCommitted(each.records ?? [], each.abortedTransactions ?? [])) {
      for (const { offsetDelta, timestampDelta, key, value, headers } of batch.records) {
        const offset = batch.firstOffset + BigInt(offsetDelta)
        if (offset < from) continue
        const named = headers.map(([name, content]) => [name?.toString() ?? '', content] as const)
        await handle({ key, value, headers: named, timestamp: Number(batch.firstTimestamp + timestampDelta) })
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
const answer: Answer = { rowsPerSecond: records / seconds, cpuMicrosPerRow: (used.user + used.system) / records, bytes }
console.log(JSON.stringify(answer))
process.exit(0)
