import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAudit } from '../src/audit/index.ts'
import {
  type Change,
  causeHistory,
  changeRules,
  commentOnCause,
  createRegrouper,
  listCauses,
  previewChange,
  showCause,
} from '../src/causes/index.ts'
import { checkLedger } from '../src/ledger/index.ts'
import { letterSet, parseQuery } from '../src/letters/index.ts'
import { selectLetterIds } from '../src/letters/select.ts'
import { advisoryLocks } from '../src/store/advisory-locks.ts'
import { type OfficeBed, officeBed, until } from './office-bed.ts'
import { causeOf, countsAreRight, grouped, regrouped } from './regroup-bed.ts'

const header = (name: string, value: string) => ({ name, value: Buffer.from(value) })

const timeout = (n: number, tenant = 'acme') => ({
  errorClass: 'Timeout',
  error: 'no answer in time',
  release: `1.${n}.0`,
  host: `web-${n}`,
  headers: [header('tenant', tenant)],
})
const refused = (n: number, tenant = 'acme') => ({
  ...timeout(n, tenant),
  errorClass: 'Refused',
  error: 'connection refused',
})

const said = async (bed: OfficeBed, change: Change, expect?: number): Promise<string> =>
  (await changeRules(bed.store, { change, by: 'ann', reason: 'the same outage', expect })).id

async function merge(bed: OfficeBed, from: RegExp, into: RegExp): Promise<string> {
  const causes = [await causeOf(bed.store, from)]
  return said(bed, { kind: 'merge', causes, into: await causeOf(bed.store, into) })
}

const entries = async (bed: OfficeBed) => (await bed.store.pool.query('select * from ledger_entry order by id')).rows

test('causes are merged: their letters move, those that come later too, and all of it is taken back', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured(timeout(1), timeout(2), refused(1), refused(3))
  const [a, b] = [await causeOf(store, /^Timeout/), await causeOf(store, /^Refused/)]
  await commentOnCause(store, { cause: a, by: 'ann', text: 'seen in May' })
  const before = await entries(bed)
  const revisions = (await store.pool.query('select id, revision, changed_at from letter order by id')).rows
  const rule = await said(bed, { kind: 'merge', causes: [a], into: b }, 2)
  await regrouped(store)
  assert.deepEqual(await grouped(store), { 'Refused: connection refused': 4 })
  await countsAreRight(store)
  assert.deepEqual(await entries(bed), before, 'the books are as they were')
  assert.deepEqual((await store.pool.query('select id, revision, changed_at from letter order by id')).rows, revisions)

  await bed.captured(timeout(4), refused(4))
  assert.deepEqual(await grouped(store), { 'Refused: connection refused': 6 })
  await countsAreRight(store)

  const emptied = await showCause(store, a)
  assert.equal(emptied.letters, 0)
  assert.deepEqual(emptied.states, {})
  assert.equal(emptied.comments.total, 1, 'what was said stays where it was said')
  assert.deepEqual(
    emptied.goes.map(({ kind, rule: id, cause, by, reason }) => [kind, id, cause, by, reason]),
    [['merge', rule, b, 'ann', 'the same outage']],
  )
  assert.deepEqual(
    (await showCause(store, b)).comes.map(({ kind, causes }) => [kind, causes]),
    [['merge', [a]]],
  )
  assert.deepEqual(
    (await listCauses(store)).causes.map(({ id }) => id),
    [b],
    'an emptied cause is in no list',
  )
  for (const cause of [a, b]) {
    const { events } = await causeHistory(store, { cause, limit: 1 })
    assert.deepEqual([events[0]?.what, events[0]?.by, events[0]?.said], ['merge', 'ann', 'the same outage'])
  }

  await said(bed, { kind: 'remove', rule })
  await regrouped(store)
  assert.deepEqual(await grouped(store), { 'Refused: connection refused': 3, 'Timeout: no answer in time': 3 })
  await countsAreRight(store)
  await bed.captured(timeout(5))
  assert.deepEqual(await grouped(store), { 'Refused: connection refused': 3, 'Timeout: no answer in time': 4 })
  await countsAreRight(store)
  assert.equal((await store.pool.query('select from letter_home')).rowCount, 0)
  assert.deepEqual((await showCause(store, a)).goes, [])
  const actions = (await listAudit(store, { limit: 50 }))
    .map(({ action }) => action)
    .filter((action) => action.startsWith('causes'))
  assert.deepEqual(actions, ['causes.undo', 'causes.merge'])
  await bed.balanced()
})

test('a part is split from a cause by what its letters say, and goes back', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured(timeout(1), timeout(2, 'zeta'), timeout(3, 'zeta'))
  const cause = await causeOf(store, /^Timeout/)
  const change: Change = { kind: 'split', cause, where: ['header:tenant=zeta'], title: 'only zeta' }
  const preview = await previewChange(store, change)
  assert.deepEqual(
    [preview.letters, preview.looked, preview.of, preview.isExact, preview.causesBefore, preview.causesAfter],
    [2, 3, 3, true, 1, 2],
  )
  assert.deepEqual(
    preview.moves.map(({ from, to, letters, states }) => [from.cause, to.cause, to.title, letters, states]),
    [[cause, null, 'only zeta', 2, { open: 2 }]],
  )
  assert.equal(preview.moves[0]?.samples.length, 2)
  await assert.rejects(said(bed, change, 3), { code: 'STATE_CONFLICT' })
  assert.equal((await store.pool.query('select from cause_rule')).rowCount, 0)
  const rule = await said(bed, change, 2)
  await regrouped(store)
  await bed.captured(timeout(4, 'zeta'), timeout(4))
  assert.deepEqual(await grouped(store), { 'Timeout: no answer in time': 2, 'only zeta': 3 })
  await countsAreRight(store)
  const part = await causeOf(store, /only zeta/)
  assert.equal((await showCause(store, part)).why.basis, 'rule')
  const undone = await previewChange(store, { kind: 'remove', rule })
  assert.deepEqual([undone.letters, undone.moves[0]?.to.cause], [3, cause])
  await said(bed, { kind: 'remove', rule }, 3)
  await regrouped(store)
  assert.deepEqual(await grouped(store), { 'Timeout: no answer in time': 5 })
  await countsAreRight(store)
  await assert.rejects(said(bed, { kind: 'remove', rule }), { code: 'STATE_CONFLICT' })
})

test('a rule leads letters of all causes of a queue to one cause, and one for each value', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured(timeout(1), refused(1, 'zeta'), { ...refused(2), queue: 'invoices' }, { error: 'else' })
  const rule = await said(bed, {
    kind: 'rule',
    name: 'partner down',
    where: ['message~no answer'],
    queue: 'orders',
  })
  const second = await said(bed, {
    kind: 'rule',
    name: 'by tenant',
    where: ['header:tenant'],
    per: 'header:tenant',
    title: '{rule} {value} in {queue}',
  })
  await regrouped(store)
  const all = { 'Error: else': 1, 'by tenant acme in invoices': 1, 'by tenant zeta in orders': 1, 'partner down': 1 }
  assert.deepEqual(await grouped(store), all)
  await bed.captured(timeout(2), refused(2, 'new'), timeout(3, 'zeta'))
  assert.deepEqual(await grouped(store), { ...all, 'by tenant new in orders': 1, 'partner down': 3 })
  await countsAreRight(store)
  await said(bed, { kind: 'remove', rule })
  await regrouped(store)
  assert.deepEqual(await grouped(store), {
    ...{ 'Error: else': 1, 'by tenant acme in invoices': 1, 'by tenant new in orders': 1 },
    ...{ 'by tenant acme in orders': 2, 'by tenant zeta in orders': 2 },
  })
  await countsAreRight(store)
  await said(bed, { kind: 'remove', rule: second })
  await regrouped(store)
  await countsAreRight(store)
  assert.equal((await store.pool.query('select from letter_home')).rowCount, 0)
  assert.deepEqual(await grouped(store), {
    'Error: else': 1,
    'Refused: connection refused': 2,
    'Timeout: no answer in time': 3,
  })
})

test('a letter read by older rules is placed anew before it is committed', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured(timeout(1), refused(1))
  await merge(bed, /^Timeout/, /^Refused/)
  // No regrouping: what is captured now went through a process that knew older rules.
  await bed.captured(timeout(2))
  assert.deepEqual(await grouped(store), { 'Refused: connection refused': 2, 'Timeout: no answer in time': 1 })
  await regrouped(store)
  assert.deepEqual(await grouped(store), { 'Refused: connection refused': 3 })
  await countsAreRight(store)
})

test('merges act in the order they were made: what was merged before goes along, and comes back alone', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured(timeout(1), refused(1), refused(2), { error: 'else', errorClass: 'Third' })
  const first = await merge(bed, /^Timeout/, /^Refused/)
  await regrouped(store)
  await merge(bed, /^Refused/, /^Third/)
  await regrouped(store)
  assert.deepEqual(await grouped(store), { 'Third: else': 4 })
  await said(bed, { kind: 'remove', rule: first })
  await regrouped(store)
  assert.deepEqual(await grouped(store), { 'Third: else': 3, 'Timeout: no answer in time': 1 })
  await countsAreRight(store)
})

test('only causes of one queue, consumer and tier are merged', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured(
    timeout(1),
    { ...refused(1), queue: 'invoices' },
    { ...refused(1), tier: 'permanent', errorClass: 'Tier' },
    { ...refused(1), consumer: 'other', errorClass: 'Consumer' },
  )
  for (const [which, what] of [
    [/^Refused/, 'queue'],
    [/^Tier/, 'tier'],
    [/^Consumer/, 'consumer'],
  ] as const)
    await assert.rejects(merge(bed, which, /^Timeout/), { code: 'REQUEST_INVALID', message: new RegExp(`one ${what}`) })
  await assert.rejects(merge(bed, /^Timeout/, /^Timeout/), { code: 'REQUEST_INVALID' })
  const cause = await causeOf(store, /^Timeout/)
  await assert.rejects(said(bed, { kind: 'split', cause, where: [] }), { code: 'REQUEST_INVALID' })
  const missing = 'c_0000000000000'
  await assert.rejects(said(bed, { kind: 'merge', causes: [missing], into: cause }), { code: 'NOT_FOUND' })
})

test('a plan keeps its letters while they move, and a run goes on', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured(timeout(1), timeout(2), refused(1))
  const plan = await bed.plan({ cause: await causeOf(store, /^Timeout/) })
  await merge(bed, /^Timeout/, /^Refused/)
  await regrouped(store)
  bed.replayer()
  const run = await bed.run(plan, { expect: 2 })
  await until('done', async () => ((await bed.runOf(run.id)).state === 'running' ? undefined : true))
  assert.deepEqual(await bed.states(), { open: 1, replayed: 2 })
  await countsAreRight(store)
  await bed.balanced()
  assert.equal((await checkLedger(store)).unaccounted, 0)
})

test('two offices: one does it, and the other says so', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured(timeout(1), refused(1))
  await merge(bed, /^Timeout/, /^Refused/)
  const result = await store.transaction(async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [advisoryLocks.regroup])
    return createRegrouper(store).step()
  })
  assert.equal(result, 'busy-elsewhere')
  await regrouped(store)
  assert.deepEqual(await grouped(store), { 'Refused: connection refused': 2 })
})

test('letters are found by their own error, wherever they belong by now', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  const [first, second, third] = await bed.captured(timeout(1), refused(1), { error: 'else', errorClass: 'Third' })
  const found = async (text: string): Promise<readonly (string | undefined)[]> => {
    const { ids } = await selectLetterIds(store.pool, parseQuery(text), { nowMs: Date.now(), limit: 10 })
    return ids.toSorted()
  }
  const everywhere = async (): Promise<void> => {
    assert.deepEqual(await found('error:Timeout'), [first])
    assert.deepEqual(await found('error:refused'), [second])
    assert.deepEqual(await found('-error:Timeout'), [second, third])
    assert.deepEqual(await found('error:Timeout,Refused -error:Third'), [first, second])
    assert.deepEqual(await found('Timeout answer'), [first])
    assert.deepEqual(await found('queue:orders timeout'), [first])
    assert.deepEqual(await found('queue:other timeout'), [])
    assert.deepEqual(await found('error:Nothing'), [])
  }
  await everywhere()
  await merge(bed, /^Timeout/, /^Refused/)
  await regrouped(store)
  await everywhere()
  await said(bed, { kind: 'rule', name: 'all of it', where: ['tier=transient'] })
  await regrouped(store)
  assert.deepEqual(await grouped(store), { 'all of it': 3 })
  await everywhere()
  const set = await letterSet(store.pool, parseQuery('error:Timeout'), Date.now())
  assert.deepEqual(set.kind === 'letters' ? set.ids : set, [first])
})
