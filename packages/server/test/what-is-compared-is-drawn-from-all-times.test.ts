import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inCommon } from '../src/in-common/index.ts'
import { type Sample, type SampleOptions, sampleLetters } from '../src/in-common/sample.ts'
import { showCauseId } from '../src/store/ids.ts'
import type { Store } from '../src/store/store.ts'
import { uuidTimeMs } from '../src/store/uuid.ts'
import { openedStore } from '../src/testing/opened-store.ts'

const hourMs = 3_600_000
const startMs = Date.UTC(2026, 9, 1)

/** Letters of causes 1 and 2 in turn, one of each a minute for a hundred hours, with contents. */
async function fill(store: Store): Promise<void> {
  const { pool } = store
  await pool.query(`insert into source (broker, system, place, role) values ('b', 's', 'p', 'dead-letter')`)
  await pool.query(`insert into queue (name, broker, system, place) values ('q', 'b', 's', 'p')`)
  await pool.query(
    `insert into cause (id, queue_id, tier, title, fingerprint_version, fingerprint_key, basis, parts, first_seen, last_seen, letters, sample_letter, first_letter)
     select n, 1, 'unknown', 't', 1, decode(md5(n::text), 'hex'), 'nothing', '{}', now(), now(), 6000, gen_random_uuid(), gen_random_uuid() from generate_series(1, 2) n`,
  )
  await pool.query(
    `insert into cause_facet (cause_id, facet, value, letters, first_seen, last_seen)
     values (1, 'release', 'a', 6000, now(), now()), (2, 'release', 'b', 6000, now(), now())`,
  )
  await pool.query(
    `with made as (
       insert into letter (id, queue_id, source_id, cause_id, identity)
       select (lpad(to_hex($1::bigint + n * 60000), 12, '0') || '7' || lpad(to_hex(cause), 3, '0') || '8' || substr(md5(n::text || cause::text), 1, 15))::uuid,
              1, 1, cause, uuid_send(gen_random_uuid())
         from generate_series(0, 5999) n, generate_series(1, 2) cause
       returning id, cause_id)
     insert into letter_content (id, body, body_sha256, headers, partition, bytes, release, readers, failure_headers, confidence, terms)
     select id, '{}', '', '\\x01', '0', 2, case when cause_id = 1 then 'a' else 'b' end, '{}', '{}', '{}', '{}' from made`,
    [startMs],
  )
  await pool.query('insert into outstanding (queue_id, cause_id, letter_id) select queue_id, cause_id, id from letter')
}

const all = { without: [], fromMs: startMs, toMs: startMs + 100 * hourMs }
const sampled = (store: Store, options: Partial<SampleOptions>): Promise<Sample> =>
  store.transaction((client) => sampleLetters(client, { causes: ['1'], size: 500, ...all, ...options }))

/** Letters of each tenth of the time. */
function tenths({ ids }: Sample): number[] {
  const counts = Array.from({ length: 10 }, () => 0)
  for (const id of ids) {
    const tenth = Math.floor((uuidTimeMs(id) - startMs) / (10 * hourMs))
    counts[tenth] = (counts[tenth] ?? 0) + 1
  }
  return counts
}

test('letters that are compared are drawn from all times alike, few or many', async (context) => {
  const store = await openedStore(context)
  await fill(store)
  const drawn = await sampled(store, {})
  assert.deepEqual([drawn.letters, drawn.counted, new Set(drawn.ids).size], [6_000, true, 500])
  for (const count of tenths(drawn)) assert.ok(Math.abs(count - 50) <= 1, `${tenths(drawn)}`)
  const again = await sampled(store, {})
  assert.notDeepEqual(drawn.ids.toSorted(), again.ids.toSorted(), 'another sample each time')
  const thinned = await sampled(store, { maxScanned: 2_000, size: 300 })
  assert.equal(thinned.counted, false)
  assert.ok(Math.abs(thinned.letters - 6_000) < 1_200, String(thinned.letters))
  for (const count of tenths(thinned)) assert.ok(Math.abs(count - 30) <= 20, `${tenths(thinned)}`)
  const few = await sampled(store, { size: 10_000 })
  assert.equal(few.ids.length, 6_000, 'all of them when there are not more')
  const part = await sampled(store, { fromMs: startMs + 10 * hourMs, toMs: startMs + 20 * hourMs, size: 10_000 })
  assert.deepEqual(tenths(part), [0, 600, 0, 0, 0, 0, 0, 0, 0, 0])
  const without = await sampled(store, { without: few.ids.slice(0, 5_900), size: 10_000 })
  assert.deepEqual(new Set(without.ids), new Set(few.ids.slice(5_900)))
  assert.deepEqual([without.letters, (await sampled(store, { causes: [] })).letters], [100, 0])
})

test('of a cause that is too large to be read whole, a sample is compared and it is said so', async (context) => {
  const store = await openedStore(context)
  await fill(store)
  const options = { of: { cause: showCauseId(1n) }, nowMs: Date.now() }
  const found = await inCommon(store, { ...options, size: 200 })
  const { set, others } = found
  assert.deepEqual([set.letters, set.looked, others.letters, others.looked], [6_000, 200, 6_000, 200])
  assert.deepEqual(
    found.common.map(({ facet, value }) => [facet, value]),
    [['release', 'a']],
  )
  const large = await inCommon(store, { ...options, size: 200, maxScanned: 1_000 })
  assert.deepEqual([large.set.counted, large.others.counted, large.common[0]?.value], [false, false, 'a'])
  const byQuery = await inCommon(store, { of: { query: 'release:a' }, nowMs: Date.now(), size: 200 })
  assert.deepEqual([byQuery.set.letters, byQuery.set.looked, byQuery.others.letters], [6_000, 200, 6_000])
  assert.deepEqual(byQuery.common, [], 'the release is what it was chosen by')
})
