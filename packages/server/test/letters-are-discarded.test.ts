import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAudit } from '../src/audit/index.ts'
import { discardLetters, showLetter } from '../src/letters/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { officeBed } from './office-bed.ts'

test('a discard ends letters with a reason and a name, is in the audit trail, and touches nothing else', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured({ body: 'a', tier: 'malformed' }, { body: 'b', tier: 'malformed' }, { body: 'c' })
  const done = await discardLetters(bed.store, {
    selection: { query: 'tier:malformed' },
    by: 'ann',
    reason: 'test orders of the old shop',
    nowMs: Date.now(),
  })
  assert.deepEqual(done, { discarded: 2, skipped: 0 })
  assert.deepEqual(await bed.states(), { discarded: 2, open: 1 })
  const kept = await showLetter(bed.store, showLetterId(ids[0] ?? ''))
  assert.equal(kept.message.body?.text, 'a', 'the bytes stay')
  const [entry] = await listAudit(bed.store, { limit: 10 })
  assert.equal(entry?.action, 'letters.discard')
  assert.equal(entry?.actor, 'ann')
  assert.equal(entry?.reason, 'test orders of the old shop')
  assert.deepEqual(entry?.details, { selection: { query: 'tier:malformed' }, discarded: 2 })
  await bed.balanced()
})

test('without a reason or a name nothing happens', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  for (const [by, reason] of [
    ['ann', ' '],
    ['', 'why'],
    ['\t', 'why'],
  ] as const) {
    const request = { selection: { query: 'queue:orders' }, by, reason, nowMs: Date.now() }
    await assert.rejects(discardLetters(bed.store, request), { code: 'REQUEST_INVALID' })
  }
  assert.deepEqual(await bed.states(), { open: 1 })
  assert.equal((await listAudit(bed.store, { limit: 10 })).length, 0)
})

test('what cannot be told is not done: without its audit entry there is no discard', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  await bed.store.pool.query('alter table audit add constraint refuse check (false)')
  const request = { selection: { query: 'queue:orders' }, by: 'ann', reason: 'why', nowMs: Date.now() }
  await assert.rejects(discardLetters(bed.store, request))
  assert.deepEqual(await bed.states(), { open: 1 })
  await bed.balanced()
})

test('only open and uncertain letters are discarded, each once, by however many at a time', async (t) => {
  const bed = await officeBed(t)
  const letters = (await bed.captured(...Array.from({ length: 20 }, () => ({})))).map(showLetterId)
  await bed.store.pool.query(
    `update letter set state = 'replaying' where id = (select min(id::text)::uuid from letter)`,
  )
  const request = {
    selection: { letters: [...letters, letters[0] ?? ''] },
    by: 'ann',
    reason: 'why',
    nowMs: Date.now(),
  }
  const done = await Promise.all(Array.from({ length: 8 }, () => discardLetters(bed.store, request)))
  assert.equal(
    done.reduce((sum, { discarded }) => sum + discarded, 0),
    19,
  )
  assert.ok(done.every(({ discarded, skipped }) => discarded + skipped === 20))
  assert.deepEqual(await bed.states(), { replaying: 1, discarded: 19 })
})

test('the audit trail cannot be changed afterwards', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  await discardLetters(bed.store, { selection: { query: 'queue:orders' }, by: 'ann', reason: 'why', nowMs: Date.now() })
  for (const sql of [`update audit set actor = 'bob'`, 'delete from audit', 'truncate audit'])
    await assert.rejects(bed.store.pool.query(sql), /append only/, sql)
})
