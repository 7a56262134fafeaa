import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Broker, type SendResult, systemClock } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { carryOut } from '../src/replay/carry-out.ts'
import type { Lease } from '../src/replay/claim.ts'
import { applyReceipts, cancelRun, pauseRun, resumeRun, settleEveryRun } from '../src/replay/index.ts'
import { finishRun, giveBack, takeRun } from '../src/replay/leases.ts'
import { sendWithin } from '../src/replay/send-within.ts'
import type { Store } from '../src/store/store.ts'
import { claimBatch } from './claim-batch.ts'
import { lane, type OfficeBed, officeBed, receipt, until, uuidOf } from './office-bed.ts'
import { type TableBroker, tableBroker } from './table-broker.ts'

const within = new Set(['memory'])
const signal = new AbortController().signal
const only = (broker: Broker) => new Map([['memory', broker]])
const decision = (id: string) => ({ run: uuidOf(id), by: 'ann', reason: null })

async function started(
  t: TestContext,
  letters: number,
  options: { readonly table?: Parameters<typeof tableBroker>[1]; readonly pace?: number } = {},
) {
  const bed = await officeBed(t)
  const table = await tableBroker(bed, options.table)
  await bed.captured(...Array.from({ length: letters }, () => ({})))
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }, { control: { pace: options.pace ?? 10_000 } }))
  return { bed, table, id }
}

async function taken(store: Store): Promise<Lease> {
  const lease = await takeRun(store)
  assert.ok(lease)
  return lease
}

/** A holder that has written the intent of its next letters. */
async function claimed(store: Store) {
  const lease = await taken(store)
  const batch = await claimBatch(store, lease, { within: [...within] })
  assert.ok(batch.isWithin)
  return { lease, batch }
}

async function carriedOut(store: Store, { broker }: TableBroker, onRefused?: (error: unknown) => void) {
  const lease = await taken(store)
  const options = onRefused === undefined ? {} : { onRefused }
  const end = await carryOut(lease, { store, brokers: only(broker), within, clock: systemClock, signal, ...options })
  if (end === 'done') await finishRun(store, lease)
  else await giveBack(store, lease)
  return end
}

async function leaseEnds(bed: OfficeBed, id: string): Promise<void> {
  await bed.store.pool.query(`update run set lease_until = now() - interval '1 second' where id = $1`, [uuidOf(id)])
}

/** Everything was sent once and is known to be; nothing is in doubt. */
async function allSent({ bed, table, id }: Awaited<ReturnType<typeof started>>, letters: number): Promise<void> {
  assert.deepEqual((await bed.runOf(id)).sends, { intended: 0, sent: letters, notSent: 0, uncertain: 0 })
  assert.deepEqual(await bed.states(), { replayed: letters })
  assert.equal((await table.sent()).length, letters)
  assert.equal(bed.messages(lane).length, 0, 'nothing went another way')
  await bed.balanced()
}

/** What is in the table is what is marked, as everybody sees it. */
async function isWhole({ bed }: { readonly bed: OfficeBed }): Promise<void> {
  const { rows } = await bed.store.pool.query(
    'select (select count(*) from public.job)::int as jobs, (select coalesce(sum(sent), 0) from intent)::int as marks',
  )
  assert.equal(rows[0].jobs, rows[0].marks)
}

type Work = Parameters<Store['transaction']>[0]

/** A store whose transactions are what the test makes of them. */
function storeWith(store: Store, transaction: (work: Work) => Promise<unknown>): Store {
  return { ...store, transaction: transaction as Store['transaction'] }
}

const lost = () => Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' })

test('a batch is sent and marked together, batch by batch', async (t) => {
  const office = await started(t, 20, { pace: 40 })
  assert.equal(await carriedOut(office.bed.store, office.table), 'done')
  await allSent(office, 20)
  const { rows } = await office.bed.store.pool.query('select is_within from intent')
  assert.equal(rows.length, 2)
  assert.ok(rows.every((row) => row.is_within === true))
})

test('whichever statement loses its connection, jobs and marks are there together or not at all, and each once', async (t) => {
  const office = await started(t, 8, { pace: 8 })
  const { store } = office.bed
  let statements = 0
  for (let dieAt = 0; dieAt < 100; dieAt++) {
    statements = 0
    let hasDied = false
    const dying = (client: PoolClient): PoolClient =>
      new Proxy(client, {
        get(target, name) {
          const value = Reflect.get(target, name)
          if (name !== 'query') return typeof value === 'function' ? value.bind(target) : value
          return async (...given: unknown[]) => {
            if (statements++ === dieAt && !hasDied) {
              hasDied = true
              const { rows } = await target.query('select pg_backend_pid() as pid')
              await store.pool.query('select pg_terminate_backend($1, 30_000)', [rows[0].pid])
              await isWhole(office)
            }
            return Reflect.apply(value, target, given)
          }
        },
      })
    const { lease, batch } = await claimed(store)
    const watched = storeWith(store, (work) =>
      store.transaction(async (client) => {
        const done = await work(dying(client))
        // The commit itself, without effect.
        if (statements++ === dieAt && !hasDied) {
          hasDied = true
          throw lost()
        }
        return done
      }),
    )
    const sent = await sendWithin(
      watched,
      { lease, batch },
      { brokers: only(office.table.broker), clock: systemClock, signal },
    )
    assert.equal(sent.kind, 'noted')
    await isWhole(office)
    await giveBack(store, lease)
    if (!hasDied) {
      assert.ok(dieAt >= 8, `${dieAt} statements were tried`)
      break
    }
    // The same letters again, as if they had not been sent.
    await store.pool.query('delete from public.job')
    await store.pool.query(`delete from intent`)
    await store.pool.query(`update letter set state = 'replaying'`)
    await store.pool.query(`update run set next_ordinal = 0, paced_until = now()`)
  }
})

test('an answer to the commit that is lost is asked for, and nothing is sent again', async (t) => {
  const office = await started(t, 3)
  const { store } = office.bed
  let times = 0
  const losing = storeWith(store, async (work) => {
    const done = await store.transaction(work)
    if (typeof done === 'object' && done !== null && 'kind' in done && done.kind === 'noted' && times++ === 0)
      throw lost()
    return done
  })
  assert.equal(await carriedOut(losing, office.table), 'done')
  assert.equal(times, 2)
  await allSent(office, 3)
})

test('a commit that is still under way when its connection is lost is waited for', async (t) => {
  const office = await started(t, 3)
  const { store } = office.bed
  const { lease, batch } = await claimed(store)
  let isFirst = true
  let late: Promise<unknown> | undefined
  const slow = storeWith(store, (work) => {
    if (!isFirst) return store.transaction(work)
    isFirst = false
    return new Promise((_, reject) => {
      late = store.transaction(async (client) => {
        const done = await work(client)
        reject(lost())
        // By then the second try is there, and waits.
        await until('somebody waits for the intent', async () => {
          const { rows } = await store.pool.query(
            `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
          )
          return rows.length > 0 ? true : undefined
        })
        return done
      })
    })
  })
  const sent = await sendWithin(
    slow,
    { lease, batch },
    { brokers: only(office.table.broker), clock: systemClock, signal },
  )
  await late
  assert.deepEqual(sent, { kind: 'noted', isDoubted: true })
  await allSent(office, 3)
})

test('nobody takes a run over while its holder’s transaction is open, and afterwards nothing is left to send', async (t) => {
  const opened = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const before = async (): Promise<void> => {
    opened.resolve()
    await go.promise
  }
  const office = await started(t, 3, { table: { before } })
  const { store } = office.bed
  const { lease, batch } = await claimed(store)
  await leaseEnds(office.bed, office.id)
  const sending = sendWithin(
    store,
    { lease, batch },
    { brokers: only(office.table.broker), clock: systemClock, signal },
  )
  await opened.promise
  assert.equal(await takeRun(store), null)
  go.resolve()
  assert.equal((await sending).kind, 'noted')
  assert.equal(await carriedOut(store, office.table), 'done')
  await allSent(office, 3)
})

test('what a dead holder had only intended was not sent for certain, and goes on', async (t) => {
  const office = await started(t, 3)
  const { bed, table, id } = office
  const { lease, batch } = await claimed(bed.store)
  await leaseEnds(bed, id)
  const successor = await taken(bed.store)
  assert.deepEqual(await bed.states(), { replaying: 3 })
  assert.equal((await bed.runOf(id)).progressed, 0)
  const late = await sendWithin(
    bed.store,
    { lease, batch },
    { brokers: only(table.broker), clock: systemClock, signal },
  )
  assert.equal(late.kind, 'lost')
  assert.deepEqual(await table.sent(), [])
  await giveBack(bed.store, successor)
  assert.equal(await carriedOut(bed.store, table), 'done')
  await allSent(office, 3)
})

test('a holder that wakes up when its successor has sent changes nothing', async (t) => {
  const office = await started(t, 3)
  const { bed, table, id } = office
  const { lease, batch } = await claimed(bed.store)
  await leaseEnds(bed, id)
  assert.equal(await carriedOut(bed.store, table), 'done')
  const late = await sendWithin(
    bed.store,
    { lease, batch },
    { brokers: only(table.broker), clock: systemClock, signal },
  )
  assert.equal(late.kind, 'lost')
  await allSent(office, 3)
})

test('the intent of a dead holder of a cancelled run is open again', async (t) => {
  const { bed, id } = await started(t, 3, { pace: 8 })
  await claimed(bed.store)
  await cancelRun(bed.store, decision(id))
  assert.deepEqual(await bed.states(), { open: 1, replaying: 2 })
  await leaseEnds(bed, id)
  assert.ok(await takeRun(bed.store))
  assert.deepEqual(await bed.states(), { open: 3 })
  await bed.balanced()
})

test('a restored database does not know its own later transactions: uncertain', async (t) => {
  const { bed } = await started(t, 2)
  await claimed(bed.store)
  await bed.store.transaction((client) => settleEveryRun(client, 'restored'))
  assert.deepEqual(await bed.states(), { uncertain: 2 })
  await bed.balanced()
})

test('a stop waits for the open transaction, and nothing is sent after it is acknowledged', async (t) => {
  const opened = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  let calls = 0
  const before = async (): Promise<void> => {
    if (calls++ > 0) return
    opened.resolve()
    await go.promise
  }
  const office = await started(t, 6, { table: { before }, pace: 8 })
  const { bed, table, id } = office
  const end = carriedOut(bed.store, table)
  await opened.promise
  let isAcknowledged = false
  const pausing = pauseRun(bed.store, decision(id)).then(() => {
    isAcknowledged = true
  })
  await until('the pause waits', async () => {
    const { rows } = await bed.store.pool.query(
      `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
    )
    return rows.length > 0 ? true : undefined
  })
  assert.equal(isAcknowledged, false)
  go.resolve()
  await pausing
  const sent = (await table.sent()).length
  assert.equal(await end, 'stopped')
  assert.equal((await table.sent()).length, sent)
  assert.equal((await bed.runOf(id)).sends.intended, 0)
  await resumeRun(bed.store, decision(id))
  assert.equal(await carriedOut(bed.store, table), 'done')
  await allSent(office, 6)
})

test('a claimed batch whose run is stopped before its transaction is not sent', async (t) => {
  const { bed, table, id } = await started(t, 3)
  const { lease, batch } = await claimed(bed.store)
  await pauseRun(bed.store, decision(id))
  const sent = await sendWithin(
    bed.store,
    { lease, batch },
    { brokers: only(table.broker), clock: systemClock, signal },
  )
  assert.equal(sent.kind, 'stopped')
  assert.deepEqual(await table.sent(), [])
})

test('what is refused for now is rolled back and tried again with all the others', async (t) => {
  let calls = 0
  const result = (_: unknown, at: number): SendResult | undefined => {
    if (at === 0) calls += 1
    return at === 1 && calls < 3 ? { kind: 'not-sent', reason: 'not now', retryable: true } : undefined
  }
  const office = await started(t, 3, { table: { result } })
  assert.equal(await carriedOut(office.bed.store, office.table), 'done')
  assert.equal(calls, 3)
  await allSent(office, 3)
})

test('what is refused for good is open again, and the others are sent', async (t) => {
  const result = (_: unknown, at: number): SendResult | undefined =>
    at === 1 ? { kind: 'not-sent', reason: 'too large', retryable: false } : undefined
  const { bed, table, id } = await started(t, 3, { table: { result } })
  assert.equal(await carriedOut(bed.store, table), 'done')
  assert.deepEqual((await bed.runOf(id)).sends, { intended: 0, sent: 2, notSent: 1, uncertain: 0 })
  assert.deepEqual(await bed.states(), { open: 1, replayed: 2 })
  assert.equal((await table.sent()).length, 2)
  await bed.balanced()
})

test('a transaction that the database refuses is given up, and its letters are sent as elsewhere', async (t) => {
  const refusals: unknown[] = []
  for (const result of [
    () => {
      throw Object.assign(new Error('permission denied for table job'), { code: '42501' })
    },
    () => ({ kind: 'uncertain', reason: 'an adapter that does not know' }) as const,
  ]) {
    const { bed, table, id } = await started(t, 3, { table: { result } })
    assert.equal(await carriedOut(bed.store, table, (error) => refusals.push(error)), 'done')
    assert.deepEqual((await bed.runOf(id)).sends, { intended: 0, sent: 3, notSent: 0, uncertain: 0 })
    assert.equal(bed.messages(lane).length, 3)
    assert.deepEqual(await table.sent(), [])
    const { rows } = await bed.store.pool.query('select is_within from intent')
    assert.deepEqual(rows, [{ is_within: false }])
    await bed.balanced()
  }
  assert.equal(refusals.length, 2)
})

test('places elsewhere, and batches with both, keep their way', async (t) => {
  const { bed, table, id } = await started(t, 4)
  const { rows } = await bed.store.pool.query<{ plan_id: string }>('select plan_id from run where id = $1', [
    uuidOf(id),
  ])
  // Half of the letters go to another connection.
  await bed.store.pool.query(
    `insert into plan_place (plan_id, number, broker, place) select plan_id, 1, 'other', place from plan_place where plan_id = $1`,
    [rows[0]?.plan_id],
  )
  await bed.store.pool.query('update plan_letter set place = 1 where plan_id = $1 and ordinal >= 2', [rows[0]?.plan_id])
  const lease = await taken(bed.store)
  const brokers = new Map([
    ['memory', table.broker],
    ['other', bed.broker],
  ])
  assert.equal(await carryOut(lease, { store: bed.store, brokers, within, clock: systemClock, signal }), 'done')
  assert.equal(bed.messages(lane).length, 4)
  assert.deepEqual(await table.sent(), [])
})

test('the canary waits for its verdict, and the rest follows', async (t) => {
  const bed = await officeBed(t)
  const table = await tableBroker(bed)
  await bed.captured(...Array.from({ length: 9 }, () => ({})))
  bed.replayer({ brokers: only(table.broker), within })
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }, { control: { canary: 2 } }))
  const canary = await until('the canary is out', async () => {
    const sent = await table.sent()
    return sent.length > 0 ? sent : undefined
  })
  await delay(600)
  assert.equal((await table.sent()).length, 2)
  await bed.store.transaction((client) => applyReceipts(client, canary.map(receipt)))
  const run = await until('it is done', async () => {
    const view = await bed.runOf(id)
    return view.state === 'done' ? view : undefined
  })
  assert.equal(run.verdict, 'pass')
  await allSent({ bed, table, id }, 9)
})

test('refusals in a row halt the run', async (t) => {
  const bed = await officeBed(t)
  const result = (): SendResult => ({ kind: 'not-sent', reason: 'full', retryable: false })
  const table = await tableBroker(bed, { result })
  await bed.captured(...Array.from({ length: 60 }, () => ({})))
  bed.replayer({ brokers: only(table.broker), within })
  const halt = {
    returnedPercent: null,
    returnedInARow: null,
    newCause: false,
    notSentInARow: 5,
    lateSeconds: null,
    letters: null,
    seconds: null,
  }
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }, { control: { pace: 40, halt } }))
  const run = await until('it is halted', async () => {
    const view = await bed.runOf(id)
    return view.state === 'halted' ? view : undefined
  })
  assert.equal(run.stopped?.rule, 'notSentInARow')
  assert.ok(run.progressed <= 20, String(run.progressed))
})
