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
  offset(at: number): bigint
  bytes(at: number): number
  message(at: number): Message
}

/** Of records that are made already. */
export function madeRecords(records: readonly FetchedRecord[]): FetchedRecords {
  const record = (at: number): FetchedRecord => records[at] as FetchedRecord
  return {
    count: records.length,
    offset: (at) => record(at).offset,
    bytes: (at) => record(at).bytes,
    message: (at) => record(at).message,
  }
}

/** Those from an offset on. */
export function recordsFrom(records: FetchedRecords, from: bigint): FetchedRecords {
  let skipped = 0
  while (skipped < records.count && records.offset(skipped) < from) skipped += 1
  if (skipped === 0) return records
  return {
    count: records.count - skipped,
    offset: (at) => records.offset(at + skipped),
    bytes: (at) => records.bytes(at + skipped),
    message: (at) => records.message(at + skipped),
  }
}

/** Each of them, made. */
export function eachRecord(records: FetchedRecords): readonly FetchedRecord[] {
  return Array.from({ length: records.count }, (_, at) => ({
    offset: records.offset(at),
    message: records.message(at),
    bytes: records.bytes(at),
  }))
}
