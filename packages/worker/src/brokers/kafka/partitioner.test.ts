import assert from 'node:assert/strict'
import { test } from 'node:test'
import { murmur2, partitionOfKey } from './partitioner.ts'

// UtilsTest.testMurmur2 of Kafka itself.
const published: readonly (readonly [string, number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
]

test('murmur2 gives the values Kafka publishes', () => {
  for (const [text, hash] of published) assert.equal(murmur2(Buffer.from(text)), hash, text)
})

test('a key gets a partition that exists', () => {
  for (const [text] of published) {
    const partition = partitionOfKey(Buffer.from(text), 7)
    assert.ok(Number.isInteger(partition) && partition >= 0 && partition < 7)
  }
})
