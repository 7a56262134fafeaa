import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeClock } from '@redrive/worker/testing'
import { watchBooks } from './books.ts'
import type { Store } from './store/store.ts'
import { openedStore, until } from './testing/opened-store.ts'

test('who only wants to know how the books stood does not wait until they are counted', async (t) => {
  const store = await openedStore(t)
  const clock = fakeClock(0)
  const books = watchBooks(store, () => undefined, clock)
  const first = await books.recent()
  const locker = await store.pool.connect()
  try {
    await locker.query('begin; lock table letter in access exclusive mode')
    await clock.advance(3_600_000)
    const counting = books.latest()
    assert.equal(await books.recent(), first)
    await locker.query('rollback')
    assert.notEqual(await counting, first)
  } finally {
    locker.release()
  }
  await books.stop()
})

test('a count that takes long is not begun again each minute', async (t) => {
  const store = await openedStore(t)
  const clock = fakeClock(0)
  const slept: number[] = []
  const sleep: typeof clock.sleep = (ms, signal) => {
    slept.push(ms)
    return clock.sleep(ms, signal)
  }
  const books = watchBooks(store, () => undefined, { ...clock, sleep })
  await until(() => slept.length === 1)
  const locker = await store.pool.connect()
  await locker.query('begin; lock table letter in access exclusive mode')
  await clock.advance(60_000)
  await until(async () => (await waiting(store)) === 1)
  await clock.advance(10_000)
  await locker.query('rollback')
  locker.release()
  await until(() => slept.length === 2)
  assert.deepEqual(slept, [60_000, 200_000])
  await books.stop()
})

async function waiting(store: Store): Promise<number> {
  const { rows } = await store.pool.query<{ n: number }>(
    `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and query like '%from letter group by%' and datname = current_database()`,
  )
  return rows[0]?.n ?? 0
}
