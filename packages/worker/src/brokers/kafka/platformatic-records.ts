import type { Message } from '../../message.ts'
import type { FetchedRecords } from './fetched-records.ts'
import { headersFromPairs } from './headers.ts'
import type { PlatformaticFetched } from './platformatic-client.ts'
import {
  type FetchedBatch,
  type FetchedBatchRecord,
  lastOffsetOf,
  readCommitted,
  timestampsOf,
} from './read-committed.ts'

type FetchedPartition = PlatformaticFetched['responses'][number]['partitions'][number]

/** The records of a fetched partition that may be handed out, and the offset behind everything that was fetched, or `from`. */
export function recordsOf(
  { records, abortedTransactions }: Pick<FetchedPartition, 'records' | 'abortedTransactions'>,
  from: bigint,
): { readonly records: readonly FetchedRecords[]; readonly next: bigint } {
  const batches = records ?? []
  const last = batches.at(-1)
  return {
    records: readCommitted(batches, abortedTransactions ?? []).map((batch) => new BatchRecords(batch)),
    next: last === undefined ? from : lastOffsetOf(last) + 1n,
  }
}

/** A batch as the client parsed it. */
class BatchRecords implements FetchedRecords {
  readonly count: number
  readonly base: bigint
  readonly #records: readonly FetchedBatchRecord[]
  readonly #timestampOf: (record: FetchedBatchRecord) => number

  constructor(batch: FetchedBatch) {
    this.count = batch.records.length
    this.base = batch.firstOffset
    this.#records = batch.records
    this.#timestampOf = timestampsOf(batch)
  }

  delta(at: number): number {
    return this.#record(at).offsetDelta
  }

  bytes(at: number): number {
    return this.#record(at).length
  }

  message(at: number): Message {
    const record = this.#record(at)
    const { key, value: body, headers } = record
    return { key, body, headers: headersFromPairs(headers), timestampMs: this.#timestampOf(record) }
  }

  #record(at: number): FetchedBatchRecord {
    return this.#records[at] as FetchedBatchRecord
  }
}
