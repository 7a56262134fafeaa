import type { Outgoing, SendResult } from '../../broker.ts'
import { RedriveError } from '../../errors.ts'
import { messageBytes } from '../../message.ts'
import type { ClientDriver, ProduceRecord } from './driver.ts'
import { partitionOfKey } from './partitioner.ts'
import { textOf } from './protocol-errors.ts'

/** A request above this closes the connection of a broker with default settings (`socket.request.max.bytes`), which would look uncertain. */
const maxRequestBytes = 100 * 1024 * 1024 - 64 * 1024
const framingBytes = 128

/**
 * Sends messages to a topic, each to a partition that is chosen, and known to exist, before the first byte is written. What is
 * sent together stays below `maxBytes` per partition, so that no message is refused because of its neighbours.
 */
export async function sendAll(
  client: ClientDriver,
  messages: readonly Outgoing[],
  options: { readonly topic: string; readonly maxBytes: number; readonly nextPartition: () => number },
): Promise<readonly SendResult[]> {
  const { topic } = options
  if (messages.some(({ delayMs }) => delayMs !== undefined && delayMs > 0)) {
    throw new RedriveError('CAPABILITY_MISSING', 'Kafka cannot deliver later', {
      hint: 'wait in a lane instead of giving delayMs',
    })
  }
  const results: SendResult[] = messages.map(() => ({
    kind: 'not-sent',
    reason: `topic ${topic} does not exist`,
    retryable: true,
  }))
  let partitions: number | null
  try {
    partitions = await client.partitionsOf(topic)
  } catch (error) {
    return messages.map(() => ({ kind: 'not-sent', reason: textOf(error), retryable: true }))
  }
  if (partitions === null) return results

  let chunk: { record: ProduceRecord; at: number }[] = []
  let chunkBytes = new Map<number, number>()
  const write = async (): Promise<void> => {
    const written = chunk
    chunk = []
    chunkBytes = new Map()
    if (written.length === 0) return
    const outcomes = await client.produce(
      topic,
      written.map(({ record }) => record),
    )
    for (const [n, { at }] of written.entries()) {
      results[at] = outcomes[n] ?? { kind: 'uncertain', reason: 'the client gave no answer' }
    }
  }
  for (const [at, outgoing] of messages.entries()) {
    const partition = partitionFor(outgoing, partitions, options.nextPartition)
    const bytes = messageBytes(outgoing.message) + framingBytes
    const refusal = partition === undefined ? noPartition(outgoing, topic, partitions) : tooLarge(bytes)
    if (partition === undefined || refusal !== null) {
      results[at] = { kind: 'not-sent', reason: refusal ?? 'no partition', retryable: false }
      continue
    }
    const before = chunkBytes.get(partition) ?? 0
    if (before > 0 && before + bytes > options.maxBytes) await write()
    chunk.push({ record: { partition, message: outgoing.message }, at })
    chunkBytes.set(partition, (chunkBytes.get(partition) ?? 0) + bytes)
  }
  await write()
  return results
}

function partitionFor({ message, partition }: Outgoing, partitions: number, next: () => number): number | undefined {
  if (partition === undefined)
    return message.key === null ? next() % partitions : partitionOfKey(message.key, partitions)
  const chosen = /^\d{1,9}$/.test(partition) ? Number(partition) : Number.NaN
  return chosen < partitions ? chosen : undefined
}

function noPartition({ partition = '' }: Outgoing, topic: string, partitions: number): string {
  return `topic ${topic} has ${String(partitions)} partitions, and no ${partition.slice(0, 20)}`
}

function tooLarge(bytes: number): string | null {
  return bytes > maxRequestBytes ? `${String(bytes)} bytes are more than a broker takes` : null
}
