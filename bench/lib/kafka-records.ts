import { Admin, Producer } from '@platformatic/kafka'

export interface Topic {
  readonly brokers: string
  readonly topic: string
  readonly partitions: number
}

export async function createTopic({ brokers, topic, partitions }: Topic): Promise<void> {
  const admin = new Admin({ clientId: 'bench', bootstrapBrokers: [brokers] })
  await admin.createTopics({ topics: [topic], partitions, replicas: 1 })
  await admin.close()
}

/** Fills a topic evenly, in the order of the partitions. @param bytes of each body */
export async function fillTopic(
  { brokers, topic, partitions }: Topic,
  { records, bytes }: { readonly records: number; readonly bytes: number },
): Promise<void> {
  const producer = new Producer({ clientId: 'bench', bootstrapBrokers: [brokers] })
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
}
