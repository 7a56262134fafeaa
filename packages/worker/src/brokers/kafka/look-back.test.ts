import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freshWire } from '../../wire.ts'
import { encodeWire } from '../../wire-codec.ts'
import type { LookBackDriver, TopicExtent } from './driver.ts'
import type { FetchedRecord } from './fetched-records.ts'
import { endsOf, findInTopic } from './look-back.ts'

type Partition = { readonly first: bigint; readonly end: bigint; readonly isBehind: boolean }

/** A topic that holds replays at these offsets of its partitions. */
function topicOf(options: {
  readonly identity?: string | null
  readonly partitions: readonly Partial<Partition>[]
  readonly replays?: readonly { readonly id: string; readonly partition: number; readonly offset: bigint }[]
  readonly hasHoles?: boolean
}): LookBackDriver & { readonly reads: [partition: number, from: bigint, to: bigint][] } {
  const extent: TopicExtent = {
    identity: options.identity ?? null,
    partitions: new Map(
      options.partitions.map((each, n) => [n, { first: 0n, end: 10n, isBehind: false, ...each }] as const),
    ),
  }
  const reads: [number, bigint, bigint][] = []
  return {
    reads,
    extent: () => Promise.resolve(extent),
    read({ partition, from, to }, { onRecords }) {
      reads.push([partition, from, to])
      const records = (options.replays ?? []).filter((each) => each.partition === partition && each.offset >= from)
      onRecords(records.map(({ id, offset }) => recordOf(id, offset)))
      return Promise.resolve({ hasHoles: options.hasHoles ?? false })
    },
  }
}

function recordOf(replayId: string, offset: bigint): FetchedRecord {
  const origin = {
    system: 'kafka',
    place: 'orders',
    consumer: 'reefer',
    partition: null,
    position: null,
    nativeId: null,
    timestampMs: null,
  }
  const headers = encodeWire(freshWire({ id: 'x', origin, replayId }), null, { headerBytes: 4096, stackBytes: 0 })
  return { offset, message: { key: null, body: null, headers }, bytes: 100 }
}

const look = (client: LookBackDriver, positions: Record<string, string>, options: { identity?: string } = {}) =>
  findInTopic(client, { topic: 'orders', since: { positions, ...options }, replayIds: new Set(['a', 'b']) })

test('only what came since is read, of each partition, a new one from its beginning', async () => {
  const topic = topicOf({
    partitions: [{ end: 10n }, { end: 20n }, { end: 5n }],
    replays: [{ id: 'a', partition: 1, offset: 17n }],
  })
  const { found, gap } = await look(topic, { 0: '10', 1: '15' })
  assert.deepEqual(topic.reads, [
    [1, 15n, 20n],
    [2, 0n, 5n],
  ])
  assert.deepEqual([...found], [['a', { partition: '1', position: 17n }]])
  assert.equal(gap, null)
})

test('reading ends as soon as everything is found', async () => {
  const replays = ['a', 'b'].map((id, n) => ({ id, partition: 0, offset: BigInt(n) }))
  const topic = topicOf({ partitions: [{}, {}, {}], replays })
  assert.equal((await look(topic, {})).gap, null)
  assert.equal(topic.reads.length, 1)
})

test('what retention removed, a topic made anew, compaction and one that is gone leave it open, for good', async () => {
  const gone: LookBackDriver = { extent: () => Promise.resolve(null), read: () => Promise.reject(new Error('gone')) }
  for (const [topic, why] of [
    [topicOf({ partitions: [{ first: 6n }] }), /already dropped/],
    [topicOf({ partitions: [{ end: 4n }] }), /made anew/],
    [topicOf({ partitions: [] }), /made anew/],
    [topicOf({ partitions: [{}], identity: 'second' }), /made anew/],
    [topicOf({ partitions: [{}], hasHoles: true }), /compacted/],
    [gone, /is gone/],
  ] as const) {
    const { gap } = await look(topic, { 0: '5' }, { identity: 'first' })
    assert.match(gap?.why ?? '', why)
    assert.equal(gap?.isFinal, true)
  }
})

test('what is found counts though the rest stays open', async () => {
  const topic = topicOf({ partitions: [{ first: 6n }], replays: [{ id: 'a', partition: 0, offset: 8n }] })
  const { found, gap } = await look(topic, { 0: '5' })
  assert.deepEqual([[...found.keys()], gap?.isFinal], [['a'], true])
})

test('without all replicas nothing is called absent yet', async () => {
  const { gap } = await look(topicOf({ partitions: [{ isBehind: true }] }), { 0: '10' })
  assert.equal(gap?.isFinal, false)
  assert.match(gap?.why ?? '', /lacks replicas/)
})

test('ends hold what JSON keeps, offsets beyond 2^53 included', async () => {
  const ends = await endsOf(topicOf({ partitions: [{ end: 2n ** 60n }], identity: 'first' }), 'orders')
  assert.deepEqual(ends, { positions: { 0: '1152921504606846976' }, identity: 'first' })
})
