import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Notice } from '../src/alerts/index.ts'
import { listReviews, lookForReview } from '../src/review/index.ts'
import { weekAt } from '../src/review/week.ts'
import { officeBed } from './office-bed.ts'
import { dayMs, facts, nextWeek, reviewed, week, weekEndMs } from './review-bed.ts'

const weekMs = 7 * dayMs
const dueMs = weekEndMs + 8 * 3_600_000
const after = (weeks: number) => weekAt(weekEndMs - 1 + weeks * weekMs, 'UTC')

async function weeklyOffice(t: TestContext) {
  const bed = await officeBed(t)
  await bed.captured({ errorClass: 'AError' })
  const look = async (nowMs: number, notify: readonly string[] = ['team'], done: string | null = null) =>
    lookForReview(bed.store, { ...facts, zone: 'UTC', at: 'mon 08:00', notify, done, nowMs })
  const sent = async () => {
    const { rows } = await bed.store.pool.query<{ notice: Notice }>('select notice from notification order by id')
    return rows.map(({ notice }) => notice.next)
  }
  return { bed, look, sent }
}

test('a review that was due while the office was away is sent once it is back, the oldest first, and each once', async (t) => {
  const { bed, look, sent } = await weeklyOffice(t)
  await look(weekEndMs + 60_000)
  assert.deepEqual(await sent(), [], 'it is kept and not due, and then the office is away for two weeks and a day')
  const backMs = weekEndMs + 2 * weekMs + dayMs
  const looks = await Promise.all([look(backMs), look(backMs)])
  assert.ok(looks.some(({ isSent }) => isSent))
  assert.deepEqual(
    await sent(),
    [week, after(1), after(2)].map((each) => `redrive review ${each}`),
  )
  assert.deepEqual(
    (await listReviews(bed.store)).map((each) => each.week),
    [after(2), after(1), week],
    'those that nobody made are made',
  )
  await look(backMs + dayMs)
  assert.equal((await sent()).length, 3)
})

test('one that is not due yet waits, and those before it are sent', async (t) => {
  const { look, sent } = await weeklyOffice(t)
  await look(weekEndMs + 60_000)
  assert.deepEqual(await look(dueMs + weekMs - 1), { done: null, isSent: true })
  assert.deepEqual(await sent(), [`redrive review ${week}`])
  assert.deepEqual(await look(dueMs + weekMs), { done: nextWeek, isSent: true })
  assert.equal((await sent()).length, 2)
})

test('what is older than four weeks is not sent any more', async (t) => {
  const { look, sent } = await weeklyOffice(t)
  await look(dueMs + 10 * weekMs)
  assert.deepEqual(
    await sent(),
    [7, 8, 9, 10].map((weeks) => `redrive review ${after(weeks)}`),
  )
})

test('who names somebody to send it to later has not missed that of the last week', async (t) => {
  const { look, sent } = await weeklyOffice(t)
  const { done } = await look(dueMs, [])
  await look(dueMs + dayMs, ['team'], done)
  assert.deepEqual(await sent(), [`redrive review ${week}`])
})

test('what a clock made that was ahead is made anew when the week is over', async (t) => {
  const { bed, look, sent } = await weeklyOffice(t)
  await look(weekEndMs + 60_000)
  assert.equal((await listReviews(bed.store)).length, 1)
  const { done } = await look(weekEndMs - 3 * dayMs, ['team'], week)
  assert.deepEqual(await listReviews(bed.store), [], 'its week is not over')
  await bed.captured({ errorClass: 'BError' })
  assert.deepEqual(await look(dueMs, ['team'], done), { done: week, isSent: true })
  const review = await reviewed(bed, { week, nowMs: dueMs + 1 })
  assert.deepEqual([review.total.cameIn, review.madeAt], [2, new Date(dueMs).toISOString()])
  assert.deepEqual(await sent(), [`redrive review ${week}`])
})

test('what was sent by a clock that was ahead by days is sent as it is, once its week is over', async (t) => {
  const { look, sent } = await weeklyOffice(t)
  await look(dueMs)
  assert.equal((await sent()).length, 1)
  const { done } = await look(weekEndMs - 3 * dayMs)
  await look(dueMs, ['team'], done)
  await look(dueMs + 60_000, ['team'], done)
  assert.equal((await sent()).length, 2)
})

test('a review that says it was made later than now is not kept, also where nobody has looked since', async (t) => {
  const { bed } = await weeklyOffice(t)
  await reviewed(bed, { week, nowMs: weekEndMs + 3 * dayMs })
  await bed.captured({ errorClass: 'BError' })
  const { total, madeAt } = await reviewed(bed, { week, nowMs: weekEndMs + dayMs })
  assert.deepEqual([total.cameIn, madeAt], [2, new Date(weekEndMs + dayMs).toISOString()])
  assert.equal((await reviewed(bed, { week, nowMs: weekEndMs + 5 * dayMs })).madeAt, madeAt)
})

test('two offices whose clocks differ by less than a day do not send it again', async (t) => {
  const { look, sent } = await weeklyOffice(t)
  await look(dueMs)
  await look(dueMs - 9 * 3_600_000)
  await look(dueMs + 1)
  await look(dueMs - 9 * 3_600_000)
  await look(dueMs + 60_000)
  assert.equal((await sent()).length, 1)
})
