import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ClientDriver } from './driver.ts'
import { expiryOf, type FirstSince, keepingOf } from './expiry.ts'

const dayMs = 86_400_000
const nowMs = 1_800_000_000_000

/** Partitions, each with the times of its records from `first` on. */
interface Log {
  readonly first: bigint
  readonly times: readonly number[]
}

function kafkaWith(logs: readonly Log[], config: Readonly<Record<string, string>>, committed: readonly bigint[] = []) {
  const client = {
    partitionsOf: async () => logs.length,
    configOf: async () => new Map(Object.entries(config)),
    offsets: async (_topic: string, at: string) =>
      new Map(logs.map(({ first, times }, n) => [n, at === 'latest' ? first + BigInt(times.length) : first])),
    committed: async () => new Map(committed.entries()),
  } as unknown as ClientDriver
  const firstSince: FirstSince = async (_topic, sinceMs) =>
    new Map(
      logs.flatMap(({ first, times }, n) => {
        const at = times.findIndex((each) => each >= sinceMs)
        return at < 0 ? [] : [[n, first + BigInt(at)] as const]
      }),
    )
  return { client, firstSince }
}
const ask = (kafka: ReturnType<typeof kafkaWith>, positions?: ReadonlyMap<string, bigint>) =>
  expiryOf(kafka, { topic: 'dead', group: 'office', nowMs, ...(positions === undefined ? {} : { positions }) })

const week = { 'cleanup.policy': 'delete', 'retention.ms': String(7 * dayMs), 'retention.bytes': '-1' }

test('the oldest record that was not read ends after the retention of its topic, and nothing else does', async () => {
  const times = [nowMs - 6 * dayMs, nowMs - 5 * dayMs, nowMs - dayMs]
  const kafka = kafkaWith([{ first: 10n, times }], week)
  const all = await ask(kafka)
  assert.deepEqual([all.waiting, all.gone, days(all.oldestEndsAtMs)], [3, 0, 1])
  const two = await ask(kafka, new Map([['0', 11n]]))
  assert.deepEqual([two.waiting, days(two.oldestEndsAtMs)], [2, 2])
  const none = await ask(kafka, new Map([['0', 13n]]))
  assert.deepEqual([none.waiting, none.oldestEndsAtMs], [0, null])
})

test('a position of the reader goes before what its group committed', async () => {
  const kafka = kafkaWith([{ first: 0n, times: [nowMs - dayMs, nowMs] }], week, [2n])
  assert.equal((await ask(kafka)).waiting, 0)
  assert.equal((await ask(kafka, new Map([['0', 1n]]))).waiting, 1)
})

test('what begins behind the reader is gone, counted by offsets over all partitions', async () => {
  const kafka = kafkaWith(
    [
      { first: 100n, times: [] },
      { first: 50n, times: [nowMs] },
      { first: 7n, times: [] },
    ],
    week,
  )
  const expiry = await ask(
    kafka,
    new Map([
      ['0', 90n],
      ['1', 48n],
    ]),
  )
  assert.deepEqual([expiry.gone, expiry.waiting], [12, 1])
})

test('its age is told within a four-thousandth of the retention, never as younger than it is', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer({ min: 0, max: 7 * dayMs }), { maxLength: 6 }), { minLength: 1, maxLength: 4 }),
      async (ages) => {
        const logs = ages.map((each) => ({
          first: 3n,
          times: each.toSorted((a, b) => b - a).map((age) => nowMs - age),
        }))
        const { oldestEndsAtMs } = await ask(kafkaWith(logs, week))
        const oldest = Math.min(...logs.flatMap(({ times }) => times))
        if (oldest === Number.POSITIVE_INFINITY) return assert.equal(oldestEndsAtMs, null)
        assert.ok(typeof oldestEndsAtMs === 'number')
        const lateMs = oldest + 7 * dayMs - oldestEndsAtMs
        assert.ok(lateMs >= 0 && lateMs <= (7 * dayMs) / 4_096, `${lateMs} ms`)
      },
    ),
  )
})

test('limits are those of the topic, and none where it keeps for ever', () => {
  const { longer, ...keeps } = keepingOf('dead', new Map(Object.entries(week)))
  assert.deepEqual(keeps, { ageMs: 7 * dayMs, messages: null, bytes: null, unusedMs: null, isCompacted: false })
  assert.match(longer, /--entity-name dead --add-config retention.ms=1209600000$/)
  const forEver = keepingOf('dead', new Map([['retention.ms', '-1']]))
  assert.deepEqual([forEver.ageMs, forEver.bytes], [null, null])
  const compacted = keepingOf('dead', new Map(Object.entries({ ...week, 'cleanup.policy': 'compact' })))
  assert.deepEqual([compacted.ageMs, compacted.isCompacted], [null, true])
  assert.match(compacted.longer, /cleanup.policy=delete$/)
  const both = keepingOf(
    'dead',
    new Map(Object.entries({ ...week, 'cleanup.policy': 'compact,delete', 'retention.bytes': '5' })),
  )
  assert.deepEqual([both.ageMs, both.bytes, both.isCompacted], [7 * dayMs, 5, true])
})

function days(ms: Awaited<ReturnType<typeof ask>>['oldestEndsAtMs']): number {
  assert.ok(typeof ms === 'number')
  return Math.round((ms - nowMs) / dayMs)
}
