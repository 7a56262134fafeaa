import type { Message } from '../../message.ts'

/** One record that was fetched. */
export interface FetchedRecord {
  readonly offset: bigint
  readonly message: Message
  readonly bytes: number
}

/**
 * Records that were fetched together, ascending. Thousands of them wait, and the garbage collector copies what waits, while an object
 * that is over at once costs it nothing: so what the caller needs of a record is made when that record is handed out.
 */
export interface FetchedRecords {
  readonly count: number
  /** Offsets are `base` plus a plain number: many are compared, and few are wanted whole. */
  readonly base: bigint
  delta(at: number): number
  bytes(at: number): number
  message(at: number): Message
}

/** Of records that are made already. */
export function madeRecords(records: readonly FetchedRecord[]): FetchedRecords {
  const record = (at: number): FetchedRecord => records[at] as FetchedRecord
  const base = records[0]?.offset ?? 0n
  return {
    count: records.length,
    base,
    delta: (at) => Number(record(at).offset - base),
    bytes: (at) => record(at).bytes,
    message: (at) => record(at).message,
  }
}

/** Those from an offset on. */
export function recordsFrom(records: FetchedRecords, from: bigint): FetchedRecords {
  const fromDelta = deltaOf(from, records)
  let skipped = 0
  while (skipped < records.count && records.delta(skipped) < fromDelta) skipped += 1
  if (skipped === 0) return records
  return {
    count: records.count - skipped,
    base: records.base,
    delta: (at) => records.delta(at + skipped),
    bytes: (at) => records.bytes(at + skipped),
    message: (at) => records.message(at + skipped),
  }
}

/** Any offset as a delta, to compare with those of records. */
export function deltaOf(offset: bigint, { base }: Pick<FetchedRecords, 'base'>): number {
  return Number(offset - base)
}

/** Each of them, made. */
export function eachRecord(records: FetchedRecords): readonly FetchedRecord[] {
  return Array.from({ length: records.count }, (_, at) => ({
    offset: records.base + BigInt(records.delta(at)),
    message: records.message(at),
    bytes: records.bytes(at),
  }))
}
