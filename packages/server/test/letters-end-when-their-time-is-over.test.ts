import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAudit } from '../src/audit/index.ts'
import { countLetters } from '../src/causes/count-letters.ts'
import { defaultRetention } from '../src/config/index.ts'
import { discardLetters, showLetter } from '../src/letters/index.ts'
import { documentQueue } from '../src/queues/index.ts'
import { editLetter } from '../src/repair/index.ts'
import { listRunLetters, reportOf } from '../src/replay/index.ts'
import { beginPass, byPolicy, carryOutPass } from '../src/retention/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { type OfficeBed, officeBed, until, uuidOf } from './office-bed.ts'
import { aged, capturedIn, neverAborted, passed } from './retention-bed.ts'

const archiving = { ...defaultRetention, open: { ...defaultRetention.open, afterwards: 'delete' as const } }

async function discarded(bed: OfficeBed, query = 'queue:orders'): Promise<void> {
  await discardLetters(bed.store, { selection: { query }, by: 'ann', reason: 'why', nowMs: Date.now() })
}

async function contents(bed: OfficeBed): Promise<number> {
  const { rows } = await bed.store.pool.query<{ n: number }>('select count(*)::int as n from letter_content')
  return rows[0]?.n ?? -1
}

test('what was discarded 30 days ago is deleted, and leaves a tombstone with its hash', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured({ body: 'a' }, { body: 'b' }, { body: 'c', tier: 'malformed' })
  const [a = '', b = ''] = ids
  const { message } = await showLetter(bed.store, showLetterId(a))
  await discarded(bed, 'tier:transient')
  await aged(bed, [a], 31)
  await aged(bed, [b], 29)
  assert.deepEqual(await passed(bed), { deleted: 1, archived: 0, freedBytes: 0 })
  assert.deepEqual(await bed.states(), { discarded: 1, open: 1 })
  assert.equal(await contents(bed), 2, 'its bytes are gone too')
  const { rows } = await bed.store.pool.query(
    `select letter_id, was, encode(body_sha256, 'hex') as hash from tombstone`,
  )
  assert.deepEqual(rows, [{ letter_id: a, was: 'discarded', hash: message.bodySha256 }])
  const [entry] = await listAudit(bed.store, { limit: 1 })
  assert.equal(entry?.actor, byPolicy)
  assert.deepEqual(entry?.details, { deleted: 1, archived: 0 })
  await bed.balanced()
})

test('causes still count what waits, and the books what there was', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured({}, {}, {})
  await discarded(bed)
  await aged(bed, ids.slice(0, 2), 40)
  await passed(bed)
  const { rows } = await bed.store.pool.query<{ id: string; letters: string }>('select id, letters from cause')
  assert.equal(rows[0]?.letters, '3', 'ever')
  const counts = await countLetters(bed.store.pool, [rows[0]?.id ?? ''])
  assert.deepEqual(counts.get(rows[0]?.id ?? ''), { discarded: 1 })
  await bed.balanced()
})

test('a tombstone that is lost is seen by the books', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured({}, {})
  await discarded(bed)
  await aged(bed, ids, 40)
  await passed(bed)
  await bed.balanced()
  await bed.store.pool.query('delete from tombstone where letter_id = $1', [ids[0]])
  await assert.rejects(bed.balanced())
})

test('open letters stay for ever unless the policy says otherwise, and then until somebody has looked', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured({ error: 'one' }, { error: 'two', tier: 'permanent' })
  await aged(bed, ids, 4_000)
  assert.equal((await passed(bed)).deleted, 0)
  assert.equal((await passed(bed, archiving)).deleted, 0, 'nobody has looked at their causes')
  await bed.store.pool.query(`update cause set state = 'regressed' where tier = 'permanent'`)
  assert.equal((await passed(bed, archiving)).deleted, 0, 'nor since one came back')
  await bed.store.pool.query(`update cause set state = 'open' where tier = 'permanent'`)
  assert.equal((await passed(bed, archiving)).deleted, 1)
  const inWords = { ...archiving, open: { ...archiving.open, neverLookedAt: 'end' as const } }
  assert.equal((await passed(bed, inWords)).deleted, 1)
  const { rows } = await bed.store.pool.query('select from outstanding')
  assert.equal(rows.length, 0)
  await bed.balanced()
})

test('a tier says otherwise than its queue, and a queue than the office', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured({}, { tier: 'malformed' }, { queue: 'bills' })
  await bed.store.pool.query('update letter set state = state')
  await discarded(bed, 'queue:orders')
  await discarded(bed, 'queue:bills')
  const say = (queue: string, fields: Readonly<Record<string, string>>) =>
    documentQueue(bed.store, { queue, fields, by: 'ann', reason: null })
  await say('orders', { 'retention.keepDays': '100' })
  await say('orders', { 'tiers.malformed.retention.keepDays': '10' })
  await say('bills', { 'retention.afterwards': 'keep' })
  await aged(bed, ids, 11)
  assert.equal((await passed(bed)).deleted, 1, 'the malformed one')
  await aged(bed, ids, 50)
  assert.equal((await passed(bed)).deleted, 0)
  await aged(bed, ids, 50)
  assert.equal((await passed(bed)).deleted, 1, 'the other of orders')
  assert.deepEqual(await bed.states(), { discarded: 1 })
  await bed.balanced()
})

test('a replay whose outcome is awaited keeps its letter, and its report outlives it', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured({}, {})
  bed.replayer({ outcomeWindowSeconds: 3_600 })
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }))
  await until('sent', async () => ((await bed.states())['replayed'] === 2 ? true : undefined))
  await aged(bed, ids, 40)
  assert.equal((await passed(bed)).deleted, 0)
  await bed.store.pool.query('update intent set closed_at = now()')
  assert.equal((await passed(bed)).deleted, 2)
  const report = await reportOf(bed.store, uuidOf(id))
  assert.deepEqual(
    report.causes.map(({ results }) => [results.letters, results.presumed]),
    [[2, 2]],
  )
  assert.equal((await listRunLetters(bed.store, { run: uuidOf(id), after: -1, limit: 10 })).length, 2)
  await bed.balanced()
})

test('letters that are touched at this very moment are left for the next pass', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured({}, {})
  await discarded(bed)
  await aged(bed, ids, 40)
  const pass = await beginPass(bed.store, { retention: defaultRetention })
  assert.ok(pass !== null)
  await bed.store.transaction(async (client) => {
    await client.query('select from letter where id = $1 for update', [ids[0]])
    await carryOutPass(bed.store, pass, { signal: neverAborted })
  })
  assert.deepEqual(await bed.states(), { discarded: 1 })
  assert.equal((await passed(bed)).deleted, 1)
  await bed.balanced()
})

test('a month of which nothing is left is dropped, and one of which much is gone is written anew, byte for byte', async (t) => {
  const bed = await officeBed(t)
  const bodies = ['x'.repeat(20_000), 'y', 'z', 'w']
  const all = await bed.captured(...bodies.map((body) => ({ body, headers: [{ name: 'n', value: Buffer.from('v') }] })))
  const [january, march] = [all.slice(0, 2), all.slice(2)]
  const inJanuary = await capturedIn(bed, january, '2025-01')
  const inMarch = await capturedIn(bed, march, '2025-03')
  const { rows: before } = await bed.store.pool.query('select * from letter_content where id = $1', [inMarch[1]])
  await discarded(bed)
  await aged(bed, [...inJanuary, inMarch[0] ?? ''], 40)
  const { freedBytes } = await passed(bed)
  assert.ok(freedBytes > 0)
  const { rows: tables } = await bed.store.pool.query<{ name: string }>(
    `select relname as name from pg_inherits join pg_class on oid = inhrelid
      where inhparent = 'letter_content'::regclass and relname ~ '2025' order by 1`,
  )
  assert.ok(!tables.some(({ name }) => name === 'letter_content_2025_01'))
  assert.ok(tables.some(({ name }) => name === 'letter_content_2025_03'))
  const { rows: after } = await bed.store.pool.query('select * from letter_content where id = any($1::uuid[])', [
    inMarch,
  ])
  assert.deepEqual(after, before)
  const { rows: debts } = await bed.store.pool.query('select * from content_debt')
  assert.deepEqual(debts, [])
  await bed.balanced()
  // Its indexes and its bounds are there again: another letter of that month finds its place.
  const { rows: explained } = await bed.store.pool.query(
    `select count(*)::int as n from pg_index where indrelid = 'letter_content_2025_03'::regclass`,
  )
  assert.equal(explained[0]?.n, 3)
})

test('more than a fifth of many letters is not ended before a person says so', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  await bed.store.pool.query(
    `with made as (insert into letter (id, queue_id, source_id, cause_id, identity)
       select uuidv7(), l.queue_id, l.source_id, l.cause_id, uuid_send(gen_random_uuid()) from letter l, generate_series(1, 10001) returning id)
     insert into letter_content (id, body_sha256, headers, partition, bytes, readers, failure_headers, confidence, terms)
       select id, '', '\\x01', '0', 0, '{}', '{}', '{}', '{}' from made`,
  )
  await bed.store.pool.query(`update letter set state = 'discarded', changed_at = now() - interval '40 days'`)
  assert.equal(await beginPass(bed.store, { retention: defaultRetention }), null)
  const { rows } = await bed.store.pool.query('select state, to_delete::int from retention_pass')
  assert.deepEqual(rows, [{ state: 'asks', to_delete: 10_002 }])
  // What lies in archives has ended before; however much it is, it makes what is due now no smaller a part of what is here.
  await bed.store.pool.query(
    `insert into letter (id, queue_id, source_id, cause_id, identity, state)
       select uuidv7(), l.queue_id, l.source_id, l.cause_id, uuid_send(gen_random_uuid()), 'archived'
         from (select * from letter limit 1) l, generate_series(1, 45000)`,
  )
  assert.equal(await beginPass(bed.store, { retention: defaultRetention }), null)
  await bed.store.pool.query(`delete from letter where state = 'archived'`)
  const said = { by: 'ann', reason: 'an old outage' }
  await assert.rejects(beginPass(bed.store, { retention: defaultRetention, said: { ...said, expect: 5_000 } }), {
    code: 'PLAN_STALE',
  })
  const pass = await beginPass(bed.store, { retention: defaultRetention, said: { ...said, expect: 10_002 } })
  assert.ok(pass !== null)
  await carryOutPass(bed.store, pass, { signal: neverAborted })
  assert.deepEqual(await bed.states(), {})
  const [entry] = await listAudit(bed.store, { limit: 1 })
  assert.deepEqual([entry?.actor, entry?.reason], ['ann', 'an old outage'])
})

test('a letter that others wait behind stays, and so does one of which its worker is still to be told', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured({}, {}, {})
  await discarded(bed)
  await aged(bed, ids, 40)
  const { pool } = bed.store
  await pool.query(`insert into key_line (queue_id, consumer, key) select id, 'reefer', 'k' from queue`)
  const line = `(letter_id, line_id, at, is_resolved) select $1, id, $2, $3 from key_line`
  await pool.query(`insert into letter_line ${line}`, [ids[0], 1, false])
  await pool.query(`insert into letter_line ${line}`, [ids[1], 2, true])
  await pool.query('insert into release_notice (letter_id, line_id) select $1, id from key_line', [ids[1]])
  assert.equal((await passed(bed)).deleted, 1, 'the third')
  await pool.query('update release_notice set sent_at = now()')
  assert.equal((await passed(bed)).deleted, 1, 'the second')
  await pool.query('update letter_line set is_resolved = true')
  assert.equal((await passed(bed)).deleted, 1, 'the first')
  const { rows } = await pool.query('select from letter_line union all select from release_notice')
  assert.equal(rows.length, 0)
  await bed.balanced()
})

test('an edited letter goes with its versions', async (t) => {
  const bed = await officeBed(t)
  const [id = ''] = await bed.captured({ body: 'wrong' })
  const change = { body: { text: 'right' } }
  await editLetter(bed.store, { letter: showLetterId(id), change, by: 'ann', reason: 'typo' })
  await discarded(bed)
  await aged(bed, [id], 40)
  assert.equal((await passed(bed)).deleted, 1)
  const { rows } = await bed.store.pool.query('select from letter_version')
  assert.equal(rows.length, 0)
})

test('many letters are ended unasked where they are few beside all', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  const { pool } = bed.store
  await pool.query(
    `insert into letter (id, queue_id, source_id, cause_id, identity, state, changed_at)
     select uuidv7(), l.queue_id, l.source_id, l.cause_id, uuid_send(gen_random_uuid()), 'discarded', now() - make_interval(days => case when n <= 10001 then 40 else 4 end)
       from letter l, generate_series(1, 52000) n`,
  )
  const pass = await beginPass(bed.store, { retention: defaultRetention })
  assert.equal(pass?.toDelete, 10_001)
})

test('once all that were counted have ended, the younger letters are not looked at', async (t) => {
  const bed = await officeBed(t)
  const [old, next] = await bed.captured({}, {})
  await discarded(bed)
  const transactionsToEnd = async (id = ''): Promise<number> => {
    await aged(bed, [id], 40)
    const pass = await beginPass(bed.store, { retention: defaultRetention })
    assert.equal(pass?.toDelete, 1)
    let count = 0
    const counting: typeof bed.store = {
      ...bed.store,
      transaction: (work, how) => {
        count += 1
        return bed.store.transaction(work, how)
      },
    }
    await carryOutPass(counting, pass, { signal: neverAborted })
    return count
  }
  const ofFew = await transactionsToEnd(old)
  await bed.store.pool.query(
    `insert into letter (id, queue_id, source_id, cause_id, identity, state)
     select uuidv7(), queue_id, source_id, cause_id, uuid_send(gen_random_uuid()), 'discarded' from letter, generate_series(1, 25000) where id = $1`,
    [next],
  )
  assert.equal(await transactionsToEnd(next), ofFew)
})
