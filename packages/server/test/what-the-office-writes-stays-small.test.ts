import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countLetters } from '../src/causes/count-letters.ts'
import { addUpChanges } from '../src/causes/index.ts'
import { addUpBooks, type LedgerAccount, recordTransfer } from '../src/ledger/index.ts'
import { discardLetters, planDiscard, showDiscard } from '../src/letters/index.ts'
import { applyTransform, createTransform, previewTransform, showTransform } from '../src/repair/index.ts'
import { listRunLetters, showPlan } from '../src/replay/index.ts'
import { advisoryLocks } from '../src/store/advisory-locks.ts'
import { alone } from '../src/store/alone.ts'
import { showLetterId } from '../src/store/ids.ts'
import type { Store } from '../src/store/store.ts'
import { openedStore } from '../src/testing/opened-store.ts'
import { upkeepOnce } from '../src/upkeep.ts'
import { type OfficeBed, officeBed, until, uuidOf } from './office-bed.ts'

const books = async ({ pool }: Store, from: 'book' | 'ledger_entry'): Promise<unknown> =>
  (
    await pool.query(
      `select queue_id, account, sum(letters)::int as letters from ${from} group by 1, 2 having sum(letters) <> 0 order by 1, 2`,
    )
  ).rows

const count = async ({ pool }: Store, from: string): Promise<number> =>
  (await pool.query<{ n: number }>(`select count(*)::int as n from ${from}`)).rows[0]?.n ?? -1

async function storeWithQueues(
  t: Parameters<typeof openedStore>[0],
): Promise<{ readonly store: Store; readonly queues: readonly number[] }> {
  const store = await openedStore(t)
  const { rows } = await store.pool.query<{ id: number }>(
    `insert into queue (name, broker, system, place) select 'q' || n, 'main', 'memory', 'p' || n from generate_series(1, 2) n returning id`,
  )
  return { store, queues: rows.map(({ id }) => id) }
}

test('the books say the same whenever they are added up', async (t) => {
  const { store, queues } = await storeWithQueues(t)
  const accounts = ['source', 'open', 'replaying', 'replayed'] as const satisfies readonly LedgerAccount[]
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fc.nat(1), fc.nat(3), fc.nat(3), fc.integer({ min: 1, max: 9 })) },
    { weight: 1, arbitrary: fc.constant('add up' as const) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      for (const each of steps) {
        if (each === 'add up') assert.equal(await addUpBooks(store, 3), true)
        else {
          const [queue, from, to, letters] = each
          await store.transaction((client) =>
            recordTransfer(client, {
              queueId: queues[queue] ?? 0,
              from: accounts[from] ?? 'source',
              to: accounts[to] ?? 'open',
              letters,
              what: 'test',
            }),
          )
        }
        assert.deepEqual(await books(store, 'book'), await books(store, 'ledger_entry'))
      }
    }),
    { numRuns: 15 },
  )
  assert.ok((await count(store, 'ledger_sum')) > 0)
  await addUpBooks(store, 3)
  assert.equal(
    await count(store, 'ledger_entry where id > (select through from ledger_summed)'),
    0,
    'however many at a time',
  )
})

test('an entry that is written while the books are added up is in them once', async (t) => {
  const { store, queues } = await storeWithQueues(t)
  const transfer = { queueId: queues[0] ?? 0, from: 'source', to: 'open', letters: 5, what: 'test' } as const
  await store.transaction(async (slow) => {
    await recordTransfer(slow, transfer)
    // Later ones are there already, with greater ids: adding up to those would leave this one out for ever.
    await store.transaction((quick) => recordTransfer(quick, { ...transfer, letters: 7 }))
    assert.equal(await addUpBooks(store), false)
  })
  assert.deepEqual(await Promise.all([addUpBooks(store), addUpBooks(store), addUpBooks(store)]), [true, true, true])
  assert.deepEqual(await books(store, 'book'), await books(store, 'ledger_entry'))
  assert.equal(await count(store, 'ledger_entry'), 4)
})

test('counts of a cause stay as they are when their changes are added up', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured(...Array.from({ length: 6 }, (_, n) => ({ body: `${n}` })))
  for (const id of ids.slice(1)) await discard(bed, id)
  const causes = (await bed.store.pool.query<{ id: string }>('select id::text from cause')).rows.map(({ id }) => id)
  // As a run does that takes letters and puts them back.
  for (const letters of [2, -2])
    await bed.store.pool.query(`insert into cause_change select id, 'replaying', $1 from cause`, [letters])
  const before = await countLetters(bed.store.pool, causes)
  assert.deepEqual([...before.values()], [{ open: 1, discarded: 5 }])
  const rows = await count(bed.store, 'cause_change')
  assert.equal(await addUpChanges(bed.store, rows), 0, 'few rows stay')
  assert.equal(await addUpChanges(bed.store, 3), rows - 2)
  assert.deepEqual(await countLetters(bed.store.pool, causes), before)
  await discard(bed, ids[0] ?? '')
  assert.deepEqual([...(await countLetters(bed.store.pool, causes)).values()], [{ discarded: 6 }])
})

test('however many causes there are, adding up their changes comes to an end', async (t) => {
  const { store } = await storeWithQueues(t)
  await store.pool.query(
    `insert into cause_change select n % 1200, state, 1 from generate_series(1, 3600) n, unnest('{open,discarded}'::letter_state[]) state`,
  )
  assert.equal(await addUpChanges(store, 3), 7_200 - 2_400)
  assert.equal(await addUpChanges(store, 0), 0, 'those that are one already')
})

test('what nobody carried out within 30 days is forgotten, and what was carried out stays', async (t) => {
  const bed = await officeBed(t)
  bed.replayer()
  const [replayed = '', edited = '', ended = '', open = ''] = await bed.captured(
    ...[1, 2, 3, 4].map((n) => ({ body: `{"n":${n}}` })),
  )
  const run = await bed.replayed(only(replayed))
  const applied = await transform(bed, edited)
  assert.equal(await applyTransform(bed.store, { transform: applied, by: 'ana' }), true)
  const done = await discard(bed, ended)
  const planned = async () =>
    [
      await bed.plan(only(open)),
      await transform(bed, open),
      await planDiscard(bed.store, { selection: only(open), by: 'ana', reason: 'why', nowMs: Date.now() }),
    ] as const
  const [oldPlan, oldTransform, oldDiscard] = await planned()
  await planned()
  for (const table of ['plan', 'transform', 'discard'])
    await bed.store.pool.query(`update ${table} set created_at = created_at - interval '31 days'`)
  const [youngPlan, youngTransform, youngDiscard] = await planned()
  await upkeepOnce(bed.store)
  for (const gone of [
    () => showPlan(bed.store, uuidOf(oldPlan.id)),
    () => showTransform(bed.store, oldTransform, { sample: 0 }),
    () => showDiscard(bed.store, oldDiscard.id),
  ])
    await assert.rejects(gone, { code: 'NOT_FOUND', hint: /30 days/ })
  assert.equal((await bed.runOf(run.id)).sends.sent, 1)
  assert.equal((await listRunLetters(bed.store, { run: uuidOf(run.id), after: -1, limit: 10 })).length, 1)
  for (const id of [applied, youngTransform])
    assert.equal((await showTransform(bed.store, id, { sample: 0 })).letters, 1)
  assert.equal((await showPlan(bed.store, uuidOf(youngPlan.id))).letters, 1)
  for (const id of [done, youngDiscard.id]) assert.equal((await showDiscard(bed.store, id)).letters, 1)
  for (const table of ['plan_letter', 'transform_letter', 'discard_letter'])
    assert.equal(await count(bed.store, table), 2, table)
  await bed.balanced()
})

test('letters of a discard that was done are kept whoever deletes them', async (t) => {
  const bed = await officeBed(t)
  const [id = ''] = await bed.captured({})
  await discard(bed, id)
  await assert.rejects(bed.store.pool.query('delete from discard_letter'), { code: '23514' })
  await assert.rejects(bed.store.pool.query('update discard_letter set was = was'), { code: '23514' })
  await assert.rejects(bed.store.pool.query('truncate discard_letter'), { code: '23514' })
})

test('receipts are forgotten after 90 days, and what they said stays', async (t) => {
  const bed = await officeBed(t)
  bed.replayer()
  await bed.worker({ handle: async () => undefined })
  await bed.captured({}, {})
  const { id } = await bed.replayed({ query: 'queue:orders' })
  await until('receipts', async () => ((await bed.runOf(id)).outcomes.confirmed === 2 ? true : undefined))
  await bed.store.pool.query(
    `update receipt set received_at = received_at - interval '91 days' where replay_id = (select min(replay_id::text)::uuid from receipt)`,
  )
  await upkeepOnce(bed.store)
  assert.equal(await count(bed.store, 'receipt'), 1)
  assert.equal((await bed.runOf(id)).outcomes.confirmed, 2)
})

test('two offices do not do it at once, and the second has nothing to do', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  await alone(bed.store, advisoryLocks.upkeep, () => upkeepOnce(bed.store))
  assert.equal(await count(bed.store, 'ledger_sum'), 0)
  await upkeepOnce(bed.store)
  assert.equal(await count(bed.store, 'ledger_sum'), 2)
})

const only = (id: string): { readonly letters: readonly string[] } => ({ letters: [showLetterId(id)] })

async function discard(bed: OfficeBed, id: string): Promise<string> {
  return (await discardLetters(bed.store, { selection: only(id), by: 'ana', reason: 'why', nowMs: Date.now() })).id
}

async function transform(bed: OfficeBed, id: string): Promise<string> {
  const made = await createTransform(bed.store, {
    selection: only(id),
    change: { patch: '[{"op":"set","path":"/v","value":1}]' },
    ignoreSchema: false,
    by: 'ana',
    reason: 'why',
    nowMs: Date.now(),
  })
  assert.equal(await previewTransform(bed.store, made), true)
  return made
}
