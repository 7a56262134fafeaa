/** The parts of a fetched record batch that decide about its records. */
export interface FetchedBatch {
  readonly firstOffset: bigint
  readonly lastOffsetDelta: number
  readonly attributes: number
  readonly producerId: bigint
  readonly firstTimestamp: bigint
  readonly maxTimestamp: bigint
  readonly records: readonly FetchedBatchRecord[]
}

export interface FetchedBatchRecord {
  /** Bytes of the record on the wire. */
  readonly length: number
  readonly timestampDelta: bigint
  readonly offsetDelta: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly (readonly [Uint8Array | null, Uint8Array | null])[]
}

export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

const transactional = 16
const control = 32
const logAppendTime = 8

/**
 * The batches of a fetch that may be handed out: control batches and those of aborted transactions are left out, as the Java client
 * does it: a producer is aborted from the first offset of its aborted transaction up to its next abort marker.
 * @see https://github.com/apache/kafka/blob/4.3/clients/src/main/java/org/apache/kafka/clients/consumer/internals/CompletedFetch.java
 */
export function readCommitted<B extends FetchedBatch>(
  batches: readonly B[],
  aborted: readonly AbortedTransaction[],
): readonly B[] {
  const waiting = aborted.toSorted((a, b) =>
    a.firstOffset < b.firstOffset ? -1 : a.firstOffset > b.firstOffset ? 1 : 0,
  )
  const active = new Set<bigint>()
  let at = 0
  return batches.filter((batch) => {
    for (; at < waiting.length; at += 1) {
      const next = waiting[at] as AbortedTransaction
      if (next.firstOffset > lastOffsetOf(batch)) break
      active.add(next.producerId)
    }
    if ((batch.attributes & control) !== 0) {
      if (isAbortMarker(batch)) active.delete(batch.producerId)
      return false
    }
    return (batch.attributes & transactional) === 0 || !active.has(batch.producerId)
  })
}

export function lastOffsetOf(batch: FetchedBatch): bigint {
  return batch.firstOffset + BigInt(batch.lastOffsetDelta)
}

/** Epoch milliseconds of the records of a batch. With LogAppendTime the broker's time stands in the batch and the records keep the producer's. */
export function timestampsOf(batch: FetchedBatch): (record: FetchedBatchRecord) => number {
  const appendedAt = (batch.attributes & logAppendTime) === 0 ? null : Number(batch.maxTimestamp)
  const first = Number(batch.firstTimestamp)
  return ({ timestampDelta }) => appendedAt ?? first + Number(timestampDelta)
}

/** The key of a control record is version and type, 16 bits each; type 0 is an abort. */
function isAbortMarker(batch: FetchedBatch): boolean {
  const key = batch.records[0]?.key
  return key !== undefined && key !== null && key.byteLength >= 4 && key[2] === 0 && key[3] === 0
}
