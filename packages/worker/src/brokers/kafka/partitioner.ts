/**
 * The partition of a key, as Kafka's Java client and every client that copies it choose it, so that a retry copy or a replay
 * meets the other messages of its key.
 * @see https://github.com/apache/kafka/blob/4.3/clients/src/main/java/org/apache/kafka/clients/producer/internals/BuiltInPartitioner.java
 */
export function partitionOfKey(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions
}

const seed = 0x9747b28c
const m = 0x5bd1e995
const r = 24

/** 32-bit MurmurHash2, signed, over little-endian words. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length
  const words = length >> 2
  let hash = seed ^ length
  for (let word = 0; word < words; word += 1) {
    const at = word * 4
    let k = byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24)
    k = Math.imul(k, m)
    k ^= k >>> r
    k = Math.imul(k, m)
    hash = Math.imul(hash, m) ^ k
  }
  const tail = words * 4
  const left = length & 3
  if (left === 3) hash ^= byte(bytes, tail + 2) << 16
  if (left >= 2) hash ^= byte(bytes, tail + 1) << 8
  if (left >= 1) hash = Math.imul(hash ^ byte(bytes, tail), m)
  hash ^= hash >>> 13
  hash = Math.imul(hash, m)
  hash ^= hash >>> 15
  return hash | 0
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0
}
