import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleOf } from '../src/replay/sample.ts'
import { officeBed } from './office-bed.ts'

test('a sample has every kind that fits, the frequent ones first, from all ages, and is always the same', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured(
    ...Array.from({ length: 60 }, (_, n) => ({ release: '1.0.0', error: 'no answer', body: `a ${n}` })),
    ...Array.from({ length: 20 }, (_, n) => ({ release: '1.1.0', error: 'no answer', body: `b ${n}` })),
    ...Array.from({ length: 5 }, (_, n) => ({
      release: '1.0.0',
      errorClass: 'TypeError',
      error: 'x is not a function',
      body: `c ${n}`,
    })),
    { release: '0.9.0', error: 'no answer', body: 'd' },
  )
  const sorted = ids.toSorted()
  const { rows } = await bed.store.pool.query<{ id: string; body: string }>(
    `select id, convert_from(body, 'UTF8') as body from letter_content`,
  )
  const kind = (id: string) => rows.find((row) => row.id === id)?.body.slice(0, 1) ?? ''
  const sampled = (size: number, set: readonly string[] = sorted) =>
    bed.store.transaction(async (client) => (await sampleOf(client, set, size)).ids)

  assert.deepEqual((await sampled(4)).map(kind).toSorted(), ['a', 'b', 'c', 'd'], 'each kind once')
  assert.deepEqual((await sampled(2)).map(kind).toSorted(), ['a', 'b'], 'the most frequent where not all fit')
  const twelve = await sampled(12)
  assert.deepEqual(await sampled(12), twelve, 'the same set gives the same sample')
  assert.equal(new Set(twelve).size, 12)
  assert.deepEqual(twelve, twelve.toSorted())
  const ofA = sorted.filter((id) => kind(id) === 'a')
  const places = twelve.filter((id) => kind(id) === 'a').map((id) => ofA.indexOf(id))
  assert.equal(places[0], 0, 'the oldest of a kind')
  assert.equal(places.at(-1), ofA.length - 1, 'and its newest')
  assert.ok(
    places.some((place) => place > 10 && place < 50),
    `and between: ${places}`,
  )
  assert.deepEqual(await sampled(1_000), sorted, 'never more than there are')
})
