import type { SendResult } from '../../broker.ts'
import { ask } from './confluent-ask.ts'
import type {
  ConfluentConnection,
  ConfluentError,
  ConfluentModule,
  ConfluentProducer,
  ConfluentReport,
} from './confluent-client.ts'
import type { ProduceRecord } from './driver.ts'
import { objectsFromHeaders } from './headers.ts'
import { outcomeOfCode, textOf } from './protocol-errors.ts'

const pollMs = 10
const closeMs = 3000

/** Local errors of librdkafka that are raised before a record leaves the queue. */
const neverSent: ReadonlyMap<number, { readonly retryable: boolean }> = new Map([
  [-184, { retryable: true }], // queue full
  [-186, { retryable: false }], // invalid argument
  [-188, { retryable: true }], // unknown topic
  [-190, { retryable: false }], // unknown partition
  [-152, { retryable: true }], // purged from the queue
])

export interface RecordProducer {
  produce(topic: string, records: readonly ProduceRecord[]): Promise<readonly SendResult[]>
  close(): Promise<void>
}

/** An idempotent producer: librdkafka tries again by itself, and the broker recognises what it has. Each record has a report of its own. */
export function confluentProducer(module: ConfluentModule, connection: ConfluentConnection): RecordProducer {
  let opening: Promise<ConfluentProducer> | undefined
  const open = (): Promise<ConfluentProducer> => {
    opening ??= connect(module, connection, () => {
      opening = undefined
    }).catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return opening
  }
  return {
    async produce(topic, records) {
      let producer: ConfluentProducer
      try {
        producer = await open()
      } catch (error) {
        return records.map(() => ({ kind: 'not-sent', reason: textOf(error), retryable: true }))
      }
      return Promise.all(records.map((record) => produceOne(producer, topic, record)))
    },
    async close() {
      const producer = await opening?.catch(() => undefined)
      if (producer === undefined) return
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, closeMs)
        producer.disconnect(() => {
          clearTimeout(late)
          resolve()
        })
      })
    },
  }
}

type Reported = (result: SendResult) => void

async function connect(
  module: ConfluentModule,
  connection: ConfluentConnection,
  onFatal: () => void,
): Promise<ConfluentProducer> {
  const { 'message.timeout.ms': timeoutMs = 10_000, ...global } = connection
  const producer = new module.Producer(
    { ...global, 'enable.idempotence': true, 'message.max.bytes': 100_000_000, dr_cb: true } as never,
    // A setting of topics: among the others it would be ignored as soon as topics have settings of their own.
    { 'message.timeout.ms': timeoutMs, acks: -1 } as never,
  )
  const onReport = (
    error: ConfluentError | null | undefined,
    report: ConfluentReport & { readonly topic: string },
  ): void => {
    const reported = report.opaque as Reported
    reported(error === null || error === undefined ? sent(report) : outcomeOf(error))
  }
  const onError = (error: ConfluentError & { readonly isFatal?: boolean }): void => {
    // An idempotent producer that lost its sequence is of no use any more; the next send makes another.
    if (error.isFatal === true || error.code === -150) onFatal()
  }
  producer.on('delivery-report' as never, onReport as never)
  producer.on('event.error' as never, onError as never)
  await ask((done) => producer.connect({ timeout: 10_000 }, done))
  producer.setPollInterval(pollMs)
  return producer
}

function produceOne(
  producer: ConfluentProducer,
  topic: string,
  { partition, message }: ProduceRecord,
): Promise<SendResult> {
  const { promise, resolve } = Promise.withResolvers<SendResult>()
  try {
    producer.produce(
      topic,
      partition,
      message.body === null ? null : Buffer.from(message.body),
      message.key === null ? null : Buffer.from(message.key),
      Math.trunc(message.timestampMs ?? Date.now()),
      resolve satisfies Reported,
      objectsFromHeaders(message.headers),
    )
  } catch (error) {
    // Nothing was queued.
    const code = typeof error === 'object' && error !== null && 'code' in error ? Number(error.code) : 0
    resolve({ kind: 'not-sent', reason: textOf(error), retryable: neverSent.get(code)?.retryable ?? false })
  }
  return promise
}

function sent({ topic, partition, offset }: ConfluentReport & { readonly topic: string }): SendResult {
  const nativeId = `${topic}/${String(partition)}/${String(offset)}`
  return { kind: 'sent', partition: String(partition), position: BigInt(offset), nativeId }
}

function outcomeOf(error: ConfluentError): SendResult {
  const before = neverSent.get(error.code)
  if (before !== undefined) return { kind: 'not-sent', reason: error.message, retryable: before.retryable }
  // Other local errors, above all a timeout, do not tell whether the record had left.
  return error.code > 0 ? outcomeOfCode(error.code, error.message) : { kind: 'uncertain', reason: error.message }
}
