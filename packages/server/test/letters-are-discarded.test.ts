import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { listAudit } from '../src/audit/index.ts'
import { recordTransfer } from '../src/ledger/index.ts'
import {
  discardLetters,
  listDiscards,
  planDiscard,
  runDiscard,
  showDiscard,
  showLetter,
  undoDiscard,
} from '../src/letters/index.ts'
import { applyReceipts } from '../src/replay/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { type OfficeBed, officeBed, receipt } from './office-bed.ts'

test('a discard ends letters with a reason and a name, is in the audit trail, and touches nothing else', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured({ body: 'a', tier: 'malformed' }, { body: 'b', tier: 'malformed' }, { body: 'c' })
  const done = await discardLetters(bed.store, {
    selection: { query: 'tier:malformed' },
    by: 'ann',
    reason: 'test orders of the old shop',
    nowMs: Date.now(),
  })
  assert.deepEqual([done.letters, done.skipped], [2, 0])
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
    done.reduce((sum, { letters: ended }) => sum + ended, 0),
    19,
  )
  assert.ok(done.every(({ letters: ended, skipped }) => ended + skipped === 20))
  assert.deepEqual(await bed.states(), { replaying: 1, discarded: 19 })
})

test('the audit trail cannot be changed afterwards', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  await discardLetters(bed.store, { selection: { query: 'queue:orders' }, by: 'ann', reason: 'why', nowMs: Date.now() })
  for (const sql of [`update audit set actor = 'bob'`, 'delete from audit', 'truncate audit'])
    await assert.rejects(bed.store.pool.query(sql), /append only/, sql)
})

const asked = (selection: { readonly query: string } | { readonly letters: readonly string[] }) => ({
  selection,
  by: 'ann',
  reason: 'test orders',
  nowMs: Date.now(),
})
const undoing = { by: 'bob', reason: 'they were none' }

test('a plan ends nothing; what comes later is not in it, and it is done once', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({ tier: 'malformed' }, { tier: 'malformed' }, {})
  const { id, letters } = await planDiscard(bed.store, asked({ query: 'tier:malformed' }))
  await bed.captured({ tier: 'malformed' })
  assert.equal(letters, 2)
  assert.deepEqual(await bed.states(), { open: 4 })
  const planned = await showDiscard(bed.store, id)
  assert.deepEqual(
    [planned.state, planned.letters, planned.createdBy, planned.reason, planned.undoableUntil],
    ['planned', 2, 'ann', 'test orders', null],
  )
  assert.deepEqual(
    planned.causes.map((cause) => [cause.queue, cause.letters]),
    [['orders', 2]],
  )
  await assert.rejects(runDiscard(bed.store, { discard: id, by: 'bob', expect: 3 }), { code: 'PLAN_STALE' })
  assert.deepEqual(await bed.states(), { open: 4 })
  await runDiscard(bed.store, { discard: id, by: 'bob', expect: 2 })
  assert.deepEqual(await bed.states(), { discarded: 2, open: 2 })
  const done = await showDiscard(bed.store, id)
  assert.deepEqual([done.state, done.doneBy], ['done', 'bob'])
  const days = (Date.parse(done.undoableUntil ?? '') - Date.parse(done.doneAt ?? '')) / 86_400_000
  assert.equal(days, 7)
  await assert.rejects(runDiscard(bed.store, { discard: id, by: 'bob' }), { code: 'STATE_CONFLICT' })
  assert.deepEqual(
    (await listAudit(bed.store, { limit: 10 })).map(({ action, actor, target }) => [action, actor, target]),
    [
      ['letters.discard', 'bob', done.id],
      ['discard.plan', 'ann', done.id],
    ],
  )
  await bed.balanced()
})

test('a discard of letters that were edited, ended or that a run has taken since is stale as a whole', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured({}, {}, {})
  const { id } = await planDiscard(bed.store, asked({ query: 'queue:orders' }))
  await bed.run(await bed.plan({ letters: ids.slice(0, 1).map(showLetterId) }))
  await assert.rejects(runDiscard(bed.store, { discard: id, by: 'ann' }), { code: 'PLAN_STALE', data: { changed: 1 } })
  assert.deepEqual(await bed.states(), { open: 2, replaying: 1 })
  const other = await planDiscard(bed.store, asked({ letters: ids.slice(1).map(showLetterId) }))
  await bed.store.pool.query('update letter set revision = revision + 1 where id = $1', [ids[1]])
  await assert.rejects(runDiscard(bed.store, { discard: other.id, by: 'ann' }), {
    code: 'PLAN_STALE',
    data: { changed: 1 },
  })
  assert.equal((await showDiscard(bed.store, other.id)).state, 'planned')
  await bed.balanced()
})

test('another number than the expected one discards nothing', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({}, {})
  await assert.rejects(discardLetters(bed.store, { ...asked({ query: 'queue:orders' }), expect: 1 }), {
    code: 'PLAN_STALE',
  })
  assert.deepEqual(await bed.states(), { open: 2 })
  assert.deepEqual((await listDiscards(bed.store, { limit: 10 })).discards, [])
})

test('a discard is undone: its letters are what they were, in the books as well, and it is told by whom and why', async (t) => {
  const bed = await officeBed(t)
  const [first, second] = await bed.captured({ body: 'a' }, { body: 'b' }, { body: 'c' })
  await makeUncertain(bed, second ?? '')
  const { id } = await discardLetters(bed.store, asked({ letters: [first ?? '', second ?? ''].map(showLetterId) }))
  assert.deepEqual(await bed.states(), { discarded: 2, open: 1 })
  assert.deepEqual(await undoDiscard(bed.store, { discard: id, ...undoing }), { reopened: 2, left: 0 })
  assert.deepEqual(await bed.states(), { open: 2, uncertain: 1 })
  const view = await showDiscard(bed.store, id)
  assert.deepEqual(
    [view.state, view.undoneBy, view.undoneReason, view.reopened],
    ['undone', 'bob', 'they were none', 2],
  )
  const [entry] = await listAudit(bed.store, { limit: 1 })
  assert.deepEqual([entry?.action, entry?.actor, entry?.details], ['discard.undo', 'bob', { reopened: 2, left: 0 }])
  await assert.rejects(undoDiscard(bed.store, { discard: id, ...undoing }), { code: 'STATE_CONFLICT' })
  await bed.balanced()
  const again = await discardLetters(bed.store, asked({ query: 'state:open,uncertain' }))
  assert.equal(again.letters, 3)
  assert.deepEqual(await undoDiscard(bed.store, { discard: again.id, ...undoing }), { reopened: 3, left: 0 })
  assert.deepEqual(await bed.states(), { open: 2, uncertain: 1 })
  await bed.balanced()
})

test('of a replay that was in doubt the truth may come while its letter is discarded', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured({ body: 'absent' }, { body: 'doubted' }, { body: 'there' }, { body: 'found' })
  bed.replayer()
  await bed.replayed({ letters: ids.map(showLetterId) })
  // Nobody knows of the first two and of the last whether they were sent; the third was not, as far as is known.
  const was = ['uncertain', 'uncertain', 'open', 'uncertain'] as const
  await believe(bed, 'uunu')
  for (const [at, id] of ids.entries()) await moveTo(bed, id, { from: 'replayed', to: was[at] ?? 'open' })
  const { id } = await discardLetters(bed.store, asked({ letters: ids.map(showLetterId) }))
  await believe(bed, 'nunu')
  const { rows } = await bed.store.pool.query<{ id: string }>('select id from attempt order by ordinal')
  await bed.store.transaction((client) =>
    applyReceipts(client, [receipt(rows[2]?.id ?? ''), receipt(rows[3]?.id ?? '')]),
  )
  assert.deepEqual(await undoDiscard(bed.store, { discard: id, ...undoing }), { reopened: 4, left: 0 })
  const states = await bed.store.pool.query<{ state: string }>('select state::text from letter order by id')
  assert.deepEqual(
    states.rows.map(({ state }) => state),
    ['open', 'uncertain', 'replayed', 'replayed'],
  )
  await bed.balanced()
})

test('a letter that is in doubt since the database was restored stays so', async (t) => {
  const bed = await officeBed(t)
  const [id] = await bed.captured({})
  await makeUncertain(bed, id ?? '')
  const { id: discard } = await discardLetters(bed.store, asked({ query: 'state:uncertain' }))
  await undoDiscard(bed.store, { discard, ...undoing })
  assert.deepEqual(await bed.states(), { uncertain: 1 })
})

test('what is not done, too late, or without a reason is not undone', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  const planned = await planDiscard(bed.store, asked({ query: 'queue:orders' }))
  await assert.rejects(undoDiscard(bed.store, { discard: planned.id, ...undoing }), { code: 'STATE_CONFLICT' })
  await runDiscard(bed.store, { discard: planned.id, by: 'ann' })
  await assert.rejects(undoDiscard(bed.store, { discard: planned.id, by: 'bob', reason: ' ' }), {
    code: 'REQUEST_INVALID',
  })
  await bed.store.pool.query(`update discard set undoable_until = now() - interval '1 second'`)
  await assert.rejects(undoDiscard(bed.store, { discard: planned.id, ...undoing }), { code: 'STATE_CONFLICT' })
  assert.deepEqual(await bed.states(), { discarded: 1 })
  await assert.rejects(undoDiscard(bed.store, { discard: '00000000-0000-4000-8000-000000000000', ...undoing }), {
    code: 'NOT_FOUND',
  })
})

test('letters to which something was done since, or whose worker was told, stay as they are', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured({}, {}, {})
  const { id } = await discardLetters(bed.store, asked({ query: 'queue:orders' }))
  await bed.store.pool.query('update letter set revision = revision + 1 where id = $1', [ids[0]])
  await bed.store.pool.query(`insert into key_line (queue_id, consumer, key) select id, 'reefer', 'k' from queue`)
  await bed.store.pool.query('insert into release_notice (letter_id, line_id) select $1, id from key_line', [ids[1]])
  assert.deepEqual(await undoDiscard(bed.store, { discard: id, ...undoing }), { reopened: 1, left: 2 })
  assert.deepEqual(await bed.states(), { discarded: 2, open: 1 })
  await bed.balanced()
})

test('where the audit trail cannot be written nothing is undone, not in the books either', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  const { id } = await discardLetters(bed.store, asked({ query: 'queue:orders' }))
  await bed.store.pool.query(`alter table audit add constraint refuse check (action <> 'discard.undo')`)
  await assert.rejects(undoDiscard(bed.store, { discard: id, ...undoing }))
  assert.deepEqual(await bed.states(), { discarded: 1 })
  assert.equal((await showDiscard(bed.store, id)).state, 'done')
  await bed.balanced()
})

test('whoever undoes at the same time undoes once', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({}, {})
  const { id } = await discardLetters(bed.store, asked({ query: 'queue:orders' }))
  const undone = await Promise.allSettled(
    Array.from({ length: 5 }, () => undoDiscard(bed.store, { discard: id, ...undoing })),
  )
  assert.equal(undone.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.deepEqual(await bed.states(), { open: 2 })
  await bed.balanced()
})

test('what stays of a discarded letter is the hash of the body that counted, and nobody rewrites it', async (t) => {
  const bed = await officeBed(t)
  const [id] = await bed.captured({ body: 'a' })
  await discardLetters(bed.store, asked({ query: 'queue:orders' }))
  const { rows } = await bed.store.pool.query<{ letter_id: string; sha: string }>(
    `select letter_id, encode(body_sha256, 'hex') as sha from discard_letter`,
  )
  assert.deepEqual(rows, [{ letter_id: id, sha: createHash('sha256').update('a').digest('hex') }])
  for (const sql of ['update discard_letter set revision = 0', 'delete from discard_letter', 'truncate discard_letter'])
    await assert.rejects(bed.store.pool.query(sql), /not rewritten/, sql)
})

/** A letter and the books, without its replays. */
async function moveTo(
  bed: OfficeBed,
  id: string,
  { from, to }: { readonly from: 'open' | 'replayed'; readonly to: 'open' | 'uncertain' },
): Promise<void> {
  await bed.store.transaction(async (client) => {
    const { rows } = await client.query<{ queue_id: number }>(
      'update letter set state = $2 where id = $1 returning queue_id',
      [id, to],
    )
    await recordTransfer(client, { queueId: rows[0]?.queue_id ?? 0, from, to, letters: 1, what: 'test' })
  })
}

const makeUncertain = (bed: OfficeBed, id: string): Promise<void> => moveTo(bed, id, { from: 'open', to: 'uncertain' })

/** What is thought of the sends of the only run, a letter each. */
async function believe(bed: OfficeBed, results: string): Promise<void> {
  const count = (mark: string): number => results.split(mark).length - 1
  await bed.store.pool.query('update intent set results = $1, sent = $2, not_sent = $3, uncertain = $4', [
    Buffer.from(results, 'latin1'),
    count('s'),
    count('n'),
    count('u'),
  ])
}
