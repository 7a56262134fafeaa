import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { beginErasure, erasureOnce, planErasure, showErasure } from '../src/erasure/index.ts'
import { discardLetters } from '../src/letters/index.ts'
import { testDatabase } from '../src/testing/database.ts'
import { lane, officeBed, until } from './office-bed.ts'
import { aged, neverAborted, passed } from './retention-bed.ts'

/** An office whose role owns its database and may do nothing else on the server, and a session of somebody who may do everything. */
async function ownedBed(t: TestContext) {
  const database = await testDatabase()
  const role = `office_${randomUUID().replaceAll('-', '')}`
  const admin = new pg.Client(database.url)
  await admin.connect()
  await admin.query(`create role ${role} login`)
  await admin.query(`alter database ${new URL(database.url).pathname.slice(1)} owner to ${role}`)
  const url = new URL(database.url)
  url.username = role
  const drop = async () => {
    await admin.query(`reassign owned by ${role} to current_user`)
    await admin.query(`drop role ${role}`)
    await admin.end()
    await database.drop()
  }
  return { bed: await officeBed(t, { database: { url: url.href, drop } }), admin }
}

test('letters are captured, replayed, discarded and ended by a role that owns nothing but its database', async (t) => {
  const { bed } = await ownedBed(t)
  const { rows } = await bed.store.pool.query('select rolsuper, rolcreatedb from pg_roles where rolname = current_user')
  assert.deepEqual(rows, [{ rolsuper: false, rolcreatedb: false }])
  const [first = ''] = await bed.captured({ key: 'a' }, { key: 'b', tier: 'malformed' })
  bed.replayer()
  await bed.replayed({ query: 'tier:malformed' })
  assert.equal(bed.messages(lane).length, 1)
  await discardLetters(bed.store, {
    selection: { query: 'tier:transient' },
    by: 'ann',
    reason: 'why',
    nowMs: Date.now(),
  })
  await aged(bed, [first], 31)
  assert.equal((await passed(bed)).deleted, 1)
  await bed.balanced()
})

test('while somebody else reads what was there before, erased bytes are not said to be gone', {
  timeout: 100_000,
}, async (t) => {
  const { bed, admin } = await ownedBed(t)
  await bed.captured({ key: 'customer-4711', body: 'of Anna' })
  // As a backup does. What other roles read is shown to nobody but a superuser.
  await admin.query('begin isolation level repeatable read')
  await admin.query('select 1 from pg_database')
  const erasure = await planErasure(bed.store, { selection: { key: 'customer-4711' }, by: 'dpo', nowMs: Date.now() })
  await beginErasure(bed.store, { erasure, by: 'dpo', reason: 'request 17', expect: 1, alsoWords: false })
  const pass = erasureOnce(bed.store, { place: null, ownsServer: false, signal: neverAborted })
  await until('the letter is gone', async () => {
    const { state, lettersGoneAt } = await showErasure(bed.store, erasure)
    assert.equal(state, 'running')
    return lettersGoneAt ?? undefined
  })
  await until('it was looked who reads, again and again', async () => {
    const { rows } = await bed.store.pool.query(
      `select vacuum_count::int as looks from pg_stat_user_tables where relid = 'redrive.migration'::regclass`,
    )
    return rows[0]?.looks >= 3 ? true : undefined
  })
  const waiting = await showErasure(bed.store, erasure)
  assert.deepEqual([waiting.state, waiting.bytesGoneAt], ['running', null])
  await admin.query('commit')
  await pass
  const done = await showErasure(bed.store, erasure)
  assert.equal(done.state, 'done')
  assert.ok(done.bytesGoneAt)
})
