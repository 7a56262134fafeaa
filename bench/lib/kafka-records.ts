import { setTimeout as sleep } from 'node:timers/promises'
import { Admin, Producer } from '@platformatic/kafka'

export interface Topic {
  readonly brokers: string
  readonly topic: string
  readonly partitions: number
}

/** Creates a topic and waits until each of its partitions answers. */
export async function createTopic({ brokers, topic, partitions }: Topic): Promise<void> {
  const admin = new Admin({ clientId: 'bench', bootstrapBrokers: [brokers] })
  await admin.createTopics({ topics: [topic], partitions, replicas: 1 })
  for (let tries = 0; (await sizeOf(admin, { topic, partitions }).catch(() => null)) === null; tries++) {
    if (tries === 100) throw new Error(`${topic} does not answer`)
    await sleep(50)
    admin.clearMetadata()
  }
  await admin.close()
}

/** Fills an empty topic evenly. @param bytes of each body */
export async function fillTopic(
  { brokers, topic, partitions }: Topic,
  { records, bytes }: { readonly records: number; readonly bytes: number },
): Promise<void> {
  const producer = new Producer({ clientId: 'bench', bootstrapBrokers: [brokers], retries: 0 })
  const value = Buffer.alloc(bytes, 'abcdefghijklmnopqrstuvwxyz0123456789')
  const batch = 3_000
  for (let from = 0; from < records; from += batch) {
    const messages = Array.from({ length: Math.min(batch, records - from) }, (_, n) => ({
      topic,
      partition: (from + n) % partitions,
      key: Buffer.from(`order-${from + n}`),
      value,
    }))
    await producer.send({ messages, acks: 1, idempotent: false, autocreateTopics: false })
  }
  await producer.close()
  const admin = new Admin({ clientId: 'bench', bootstrapBrokers: [brokers] })
  const size = await sizeOf(admin, { topic, partitions })
  await admin.close()
  if (size !== records) throw new Error(`${topic} holds ${size} records instead of ${records}`)
}

async function sizeOf(admin: Admin, { topic, partitions }: Pick<Topic, 'topic' | 'partitions'>): Promise<number> {
  const wanted = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1n }))
  const [found] = await admin.listOffsets({ topics: [{ name: topic, partitions: wanted }], isolationLevel: 1 })
  return (found?.partitions ?? []).reduce((sum, { offset }) => sum + Number(offset), 0)
}
