import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fixCause, followCauses, listCauses, reopenCause, showLife } from '../src/causes/index.ts'
import { discardLetters } from '../src/letters/index.ts'
import type { Store } from '../src/store/store.ts'
import { firstUuidAt } from '../src/store/uuid.ts'
import { officeBed } from './office-bed.ts'
import { aged, passed } from './retention-bed.ts'

async function onlyCause(store: Store): Promise<string> {
  const { causes } = await listCauses(store)
  assert.equal(causes.length, 1)
  return causes[0]?.id ?? ''
}

/** `null` while it is fixed, else why it is not any more. */
async function regressedBy(store: Store, cause: string): Promise<string | null> {
  for (let looks = 0; (await followCauses(store)).hasMore; looks++) assert.ok(looks < 10, 'it comes to an end')
  const { state, stateBy } = await showLife(store, cause)
  assert.ok(state === 'fixed' || (state === 'regressed' && stateBy?.by === 'office'), state)
  return state === 'fixed' ? null : (stateBy?.said ?? '')
}

test('fixed in a release: older ones and unnamed ones may go on failing, it and newer ones may not', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  // That 1.5.0 had failed before is no later letter.
  await bed.captured({ release: '1.4.0' }, { release: '1.5.0' })
  const cause = await onlyCause(store)
  const by = 'ann'
  await fixCause(store, { cause, by, release: '1.4.1' })
  assert.equal(await regressedBy(store, cause), null)
  for (const release of ['1.4.0', 'v1.3.9', '1.4.1-rc.1', ''] as const) {
    await bed.captured({ release })
    assert.equal(await regressedBy(store, cause), null, release)
  }
  assert.equal((await showLife(store, cause)).waits?.came, 4)
  await bed.captured({ release: '1.4.1' })
  assert.equal(await regressedBy(store, cause), 'release 1.4.1 fails')
  // What comes then changes nothing; a new fix begins anew.
  await bed.captured({ release: '1.4.1' })
  assert.equal(await regressedBy(store, cause), 'release 1.4.1 fails')
  await fixCause(store, { cause, by, release: '1.4.1' })
  assert.equal(await regressedBy(store, cause), null)
  await bed.captured({ release: '1.5.0' })
  assert.equal(await regressedBy(store, cause), 'release 1.5.0 fails, which is 1.4.1 or newer')
})

test('hashes are newer when the queue saw them first after the fix', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured({ release: '5f2ab71' }, { release: 'c0ffee1' })
  await bed.captured({ release: 'deadbee', errorClass: 'Other' })
  const { causes } = await listCauses(store)
  const cause = causes.find(({ letters }) => letters === 2)?.id ?? ''
  await fixCause(store, { cause, by: 'ann', release: 'abc1234' })
  await bed.captured({ release: '5f2ab71' }, { release: 'c0ffee1' }, { release: 'deadbee' })
  assert.equal(await regressedBy(store, cause), null, 'deadbee was seen before, with another cause of the queue')
  await bed.captured({ release: '0ddba11' })
  assert.equal(await regressedBy(store, cause), 'release 0ddba11 fails, which is abc1234 or newer')
})

test("fixed by a person's word: what had died before and comes late does not count, what died since does", async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured({}, {})
  const cause = await onlyCause(store)
  // A worker whose clock is ahead had died before all the same.
  await store.pool.query(
    `update letter_content set last_failed_at = now() + interval '4 min' where id = (select min(id::text)::uuid from letter)`,
  )
  await fixCause(store, { cause, by: 'ann' })
  assert.equal(await regressedBy(store, cause), null)
  await lateLetter(store, { atMs: Date.now(), failedAt: `now() - interval '1 h'` })
  assert.equal(await regressedBy(store, cause), null, 'it had died an hour before')
  const id = await lateLetter(store, { atMs: Date.now(), failedAt: 'null' })
  assert.match((await regressedBy(store, cause)) ?? '', /^l_\w{26} died after the fix$/, id)
})

test('a replayed letter that dies again counts as any other', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  bed.replayer()
  await bed.captured({})
  const cause = await onlyCause(store)
  await fixCause(store, { cause, by: 'ann' })
  await bed.replayed({ cause })
  assert.equal(await regressedBy(store, cause), null, 'a replay alone says nothing')
  await bed.captured({})
  assert.notEqual(await regressedBy(store, cause), null)
})

test('a letter that is committed after later ones is found, however late', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured({}, {})
  const cause = await onlyCause(store)
  const before = `now() - interval '1 h'`
  for (const lateMs of [50, 5_000, 60_000, 400_000, 3_600_000]) {
    await reopenCause(store, { cause, by: 'ann' })
    await fixCause(store, { cause, by: 'ann' })
    // As if it had been fixed a while ago and looked at ever since.
    await lateLetter(store, { atMs: Date.now(), failedAt: before })
    assert.equal(await regressedBy(store, cause), null)
    await lateLetter(store, { atMs: Date.now(), failedAt: before })
    await store.pool.query(`update cause_watch set scanned = $1`, [firstUuidAt(Date.now() + 1)])
    await store.pool.query(
      `update cause_watch w set scanned_letters = (select count(*) from letter l where l.cause_id = w.cause_id and l.id > w.scan_from and l.id <= w.scanned)`,
    )
    assert.equal(await regressedBy(store, cause), null)
    await lateLetter(store, { atMs: Date.now() - lateMs, failedAt: 'clock_timestamp()' })
    const found = await regressedBy(store, cause)
    if (lateMs < 600_000) assert.notEqual(found, null, `${lateMs} ms`)
    else {
      assert.equal(found, null, 'it got its id long before the fix')
      const { rows } = await store.pool.query<{ exact: boolean }>(
        `select before_scan = (select count(*) from letter l where l.cause_id = w.cause_id and l.id <= w.scan_from) as exact from cause_watch w`,
      )
      assert.deepEqual(rows, [{ exact: true }], 'it is counted where it belongs, and all is read anew only once')
    }
  }
})

test('releases beyond the thirty that are counted by name are read from the letters', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured(...Array.from({ length: 33 }, (_, n) => ({ release: `1.0.${n}` })))
  const cause = await onlyCause(store)
  const { rows } = await store.pool.query<{ letters: string }>(
    `select letters from cause_facet where facet = 'release' and value is null`,
  )
  assert.deepEqual(rows, [{ letters: '3' }])
  const by = 'ann'
  await fixCause(store, { cause, by, release: '1.0.30' })
  assert.equal(await regressedBy(store, cause), null, 'the three had failed before')
  await bed.captured({ release: '0.9' }, { release: 'c0ffee1' })
  assert.notEqual(await regressedBy(store, cause), null, 'c0ffee1 is new')
  await fixCause(store, { cause, by, release: '1.0.40' })
  await bed.captured({ release: '1.0.39' }, { release: 'c0ffee1' })
  assert.equal(await regressedBy(store, cause), null, 'c0ffee1 is not new any more')
  await bed.captured({ release: '1.0.41' })
  assert.equal(await regressedBy(store, cause), 'release 1.0.41 fails, which is 1.0.40 or newer')
})

test('more letters than one look reads are read by the next ones, also when a look is cut off', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured({})
  const cause = await onlyCause(store)
  await fixCause(store, { cause, by: 'ann' })
  await manyLetters(store, 21_000)
  assert.deepEqual(await followCauses(store), { woken: 0, regressed: 0, hasMore: true })
  const { rows } = await store.pool.query<{ scanned_letters: string }>('select scanned_letters from cause_watch')
  assert.ok(Number(rows[0]?.scanned_letters) >= 20_000)
  await store.pool.query('alter table cause_watch add constraint cut check (scanned_letters <= 20000) not valid')
  await assert.rejects(followCauses(store))
  await store.pool.query('alter table cause_watch drop constraint cut')
  assert.equal(await regressedBy(store, cause), null)
  assert.deepEqual(await followCauses(store), { woken: 0, regressed: 0, hasMore: false })
  await bed.captured({})
  assert.notEqual(await regressedBy(store, cause), null)
})

test('somebody who decides while the office looks has the last word', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured({})
  const cause = await onlyCause(store)
  await fixCause(store, { cause, by: 'ann' })
  await bed.captured({})
  // The look waits for the cause, which is reopened and fixed anew by then.
  const client = await store.pool.connect()
  await client.query('begin')
  await client.query('select from cause for no key update')
  const looking = followCauses(store)
  for (let waits = 0; waits === 0; ) {
    const { rows } = await store.pool.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    waits = rows[0]?.n ?? 0
  }
  await client.query(`delete from cause_watch`)
  await client.query('commit')
  client.release()
  assert.deepEqual(await looking, { woken: 0, regressed: 0, hasMore: false })
  assert.equal((await showLife(store, cause)).state, 'fixed')
})

/** A copy of the first letter, committed now, with an id of another time. */
async function lateLetter(
  store: Store,
  { atMs, failedAt }: { readonly atMs: number; readonly failedAt: string },
): Promise<string> {
  const id = `${firstUuidAt(atMs).slice(0, 24)}${Math.floor(Math.random() * 2 ** 47)
    .toString(16)
    .padStart(12, '0')}`
  await store.transaction(async (client) => {
    await client.query(
      `insert into letter (id, queue_id, source_id, cause_id, identity) select $1, queue_id, source_id, cause_id, uuid_send(gen_random_uuid()) from letter order by id limit 1`,
      [id],
    )
    const columns = (
      await client.query<{ name: string }>(
        `select quote_ident(attname) as name from pg_attribute where attrelid = 'letter_content'::regclass and attnum > 0
           and not attisdropped and attname not in ('id', 'last_failed_at')`,
      )
    ).rows.map(({ name }) => name)
    await client.query(
      `insert into letter_content (id, last_failed_at, ${columns.join(', ')}) select $1, ${failedAt}, ${columns.join(', ')} from letter_content order by id limit 1`,
      [id],
    )
    await client.query('update cause set letters = letters + 1')
  })
  return id
}

/** That had died before, with ids of now. */
async function manyLetters(store: Store, count: number): Promise<void> {
  const hex = firstUuidAt(Date.now() - 60_000).slice(0, 13)
  await store.transaction(async (client) => {
    const id = `(($1 || '-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid)`
    await client.query(
      `insert into letter (id, queue_id, source_id, cause_id, identity)
       select ${id}, queue_id, source_id, cause_id, uuid_send(gen_random_uuid())
         from (select * from letter limit 1) l, generate_series(1, $2::int) n`,
      [hex, count],
    )
    await client.query(
      `insert into letter_content (id, body_sha256, headers, partition, bytes, last_failed_at, readers, failure_headers, confidence, terms)
       select ${id}, body_sha256, headers, partition, bytes, now() - interval '1 h', readers, failure_headers, confidence, terms
         from (select * from letter_content limit 1) l, generate_series(1, $2::int) n`,
      [hex, count],
    )
    await client.query('update cause set letters = letters + $1', [count])
  })
}

test('letters that retention deletes are none that came late', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  // More releases than are counted by name, so that letters are read one by one.
  const old = await bed.captured(...Array.from({ length: 32 }, (_, n) => ({ release: `1.0.${n}` })))
  const cause = await onlyCause(store)
  await fixCause(store, { cause, by: 'ann', release: '2.0.0' })
  const later = await bed.captured({ release: '1.5.0' }, { release: '1.5.1' }, { release: '1.5.2' })
  assert.equal(await regressedBy(store, cause), null)
  await store.pool.query(`update cause_watch set looked_at = now() - interval '1 hour'`)
  await discardLetters(store, { selection: { query: 'queue:orders' }, by: 'ann', reason: 'old', nowMs: Date.now() })
  await aged(bed, [...old, ...later], 40)
  assert.equal((await passed(bed)).deleted, 35)
  await bed.captured({ release: '1.6.0' })
  assert.equal(await regressedBy(store, cause), null)
  await bed.captured({ release: '2.0.0' })
  assert.equal(await regressedBy(store, cause), 'release 2.0.0 fails')
})
