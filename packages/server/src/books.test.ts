import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeClock } from '@redrive/worker/testing'
import { watchBooks } from './books.ts'
import { openedStore } from './testing/opened-store.ts'

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
