import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startCapture } from '../src/capture/index.ts'
import { addUpBooks, checkLedger, recordTransfer } from '../src/ledger/index.ts'
import type { Store } from '../src/store/store.ts'
import { ourLetter } from '../src/testing/letters.ts'
import { logBroker } from '../src/testing/log-broker.ts'
import { openedStore, until } from '../src/testing/opened-store.ts'

async function storeWithLetters(context: TestContext): Promise<Store> {
  const store = await openedStore(context)
  const broker = logBroker({ kind: 'positions' })
  broker.append('dead', ...Array.from({ length: 10 }, (_, n) => ourLetter(n)))
  const capture = startCapture({
    store,
    broker,
    brokerName: 'main',
    source: { place: 'dead', role: 'dead-letter' },
    consumer: 'redrive',
  })
  await until(() => broker.acked.length === 10)
  await capture.stop()
  assert.equal((await checkLedger(store)).unaccounted, 0)
  return store
}

const breaks = [
  {
    name: 'a letter that vanished',
    sql: `delete from letter where id = (select id from letter order by id limit 1)`,
    unaccounted: 1,
  },
  {
    name: 'two changes of state without entries',
    sql: `update letter set state = 'discarded' where id in (select id from letter order by id limit 2)`,
    unaccounted: 2,
  },
  {
    name: 'a letter without entry',
    sql: `insert into letter (id, queue_id, source_id, cause_id, identity) select gen_random_uuid(), queue_id, source_id, cause_id, '\\x00' from letter limit 1`,
    unaccounted: 1,
  },
  {
    name: 'a source that counts what is not there',
    sql: `update source_position set letters = letters + 3, delivered = delivered + 3`,
    unaccounted: 3,
  },
  {
    name: 'a vanished letter with its entries made up',
    sql: `with gone as (delete from letter where id = (select id from letter order by id limit 1) returning queue_id), t as (select gen_random_uuid() as transfer)
          insert into ledger_entry (transfer, queue_id, account, letters, what)
          select transfer, queue_id, account, n, 'made up' from gone, t, (values ('open', -1), ('source', 1)) v (account, n)`,
    unaccounted: 1,
  },
]

const brokenSums = [
  {
    name: 'a sum that was changed',
    sql: `update ledger_sum set letters = letters + 1 where account = 'open'`,
    each: 1,
    whole: 1,
  },
  {
    name: 'a vanished letter with its sums made up',
    sql: `with gone as (delete from letter where id = (select id from letter order by id limit 1) returning queue_id)
          update ledger_sum s set letters = s.letters + case account when 'open' then -1 else 1 end from gone where s.queue_id = gone.queue_id`,
    // By the minute only the source's own count tells.
    each: 1,
    whole: 2,
  },
]

for (const { name, sql, each, whole } of brokenSums) {
  test(`the check sees ${name}`, async (context) => {
    const store = await storeWithLetters(context)
    await addUpBooks(store)
    await store.pool.query(sql)
    assert.equal((await checkLedger(store, { isWhole: false })).unaccounted, each)
    const report = await checkLedger(store)
    assert.equal(report.unaccounted, whole)
    const open = report.queues[0]?.accounts.find(({ account }) => account === 'open')
    assert.equal(open?.booked, 10, 'what is shown are the entries, which nobody can change')
    // As docs/operate/upkeep.md says.
    await store.pool.query('delete from redrive.ledger_sum; update redrive.ledger_summed set through = 0')
    await addUpBooks(store)
    assert.equal((await checkLedger(store)).sumsOff, 0)
  })
}

for (const { name, sql, unaccounted } of breaks) {
  test(`the check sees ${name}`, async (context) => {
    const store = await storeWithLetters(context)
    await store.pool.query(sql)
    assert.equal((await checkLedger(store)).unaccounted, unaccounted)
  })
}

test('books that are kept balance after every move', async (context) => {
  const store = await storeWithLetters(context)
  await store.transaction(async (client) => {
    const { rows } = await client.query<{ queue_id: number }>(
      `update letter set state = 'discarded' where id in (select id from letter order by id limit 4) returning queue_id`,
    )
    await recordTransfer(client, {
      queueId: rows[0]?.queue_id ?? 0,
      from: 'open',
      to: 'discarded',
      letters: rows.length,
      what: 'discarded',
    })
  })
  const report = await checkLedger(store)
  assert.equal(report.unaccounted, 0)
  assert.deepEqual(report.queues[0]?.accounts, [
    { account: 'discarded', booked: 4, counted: 4 },
    { account: 'open', booked: 6, counted: 6 },
  ])
})

test('a transfer that does not balance, and any change of an entry, is refused by the database itself', async (context) => {
  const store = await storeWithLetters(context)
  const unbalanced = store.transaction((client) =>
    client.query(
      `insert into ledger_entry (transfer, queue_id, account, letters, what) select gen_random_uuid(), id, 'open', 1, 'one-sided' from queue limit 1`,
    ),
  )
  await assert.rejects(unbalanced, { code: '23514', message: /does not balance/ })
  await assert.rejects(store.pool.query('update ledger_entry set letters = letters'), {
    code: '23514',
    message: /append only/,
  })
  await assert.rejects(store.pool.query('delete from ledger_entry'), { code: '23514', message: /append only/ })
  assert.equal((await checkLedger(store)).unaccounted, 0)
})
