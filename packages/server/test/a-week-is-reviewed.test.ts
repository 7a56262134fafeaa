import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Notice, testResult } from '../src/alerts/index.ts'
import { acknowledgeCause, fixCause } from '../src/causes/index.ts'
import { defaultRetention } from '../src/config/index.ts'
import { beginErasure, erasureOnce, planErasure } from '../src/erasure/index.ts'
import { discardLetters } from '../src/letters/index.ts'
import { documentQueue } from '../src/queues/index.ts'
import { listReviews, lookForReview, reviewOf, reviewText } from '../src/review/index.ts'
import type { Hygiene, Pattern } from '../src/review/judge-hygiene.ts'
import { showLetterId } from '../src/store/ids.ts'
import { alertBed } from './alert-bed.ts'
import { type OfficeBed, officeBed, receipt } from './office-bed.ts'
import { aged, passed } from './retention-bed.ts'
import { dayMs, facts, nextWeek, reviewed, week, weekEndMs } from './review-bed.ts'

const stateOf = (hygiene: Hygiene, pattern: Pattern) => hygiene.patterns.find((each) => each.pattern === pattern)?.state

async function discard(bed: OfficeBed, letters: readonly string[], reason: string): Promise<void> {
  const selection = { letters: letters.map(showLetterId) }
  await discardLetters(bed.store, { selection, reason, by: 'ana', nowMs: Date.now() })
}

/** Ten letters of two causes, three discarded, four replayed of which one is confirmed and one dies again. */
async function busyWeek(t: TestContext) {
  const bed = await alertBed(t)
  const tax = await bed.captured(
    ...Array.from({ length: 7 }, () => ({ errorClass: 'TaxRateMissing', error: 'no rate' })),
  )
  const other = await bed.captured(
    ...Array.from({ length: 3 }, () => ({
      errorClass: 'BError',
      error: 'b',
      queue: 'billing',
      tier: 'unknown' as const,
    })),
  )
  await discard(bed, tax.slice(0, 2), 'test orders')
  await discard(bed, other.slice(0, 1), '')
    .then(() => assert.fail('a discard has a reason'))
    .catch(() => undefined)
  await discard(bed, other.slice(0, 1), 'of no use')
  bed.replayer()
  const run = await bed.replayed({ letters: tax.slice(2, 6).map(showLetterId) })
  return { bed, tax, other, run }
}

test('the books say what came in and what became of it, queue by queue', async (t) => {
  const { bed, run } = await busyWeek(t)
  const review = await reviewed(bed)
  assert.equal(review.headline, '2 causes, 10 letters came in (0 the days before), 4 replayed, 3 discarded; 3 wait.')
  const { waiting, waitedBefore, ...total } = review.total
  assert.deepEqual(total, { cameIn: 10, cameBack: 0, replayed: 4, discarded: 3, archived: 0, deleted: 0, erased: 0 })
  assert.deepEqual([waiting, waitedBefore], [3, 0])
  assert.deepEqual(
    review.queues.shown.map(({ name, cameIn, replayed, discarded, waiting: left }) => [
      name,
      cameIn,
      replayed,
      discarded,
      left,
    ]),
    [
      ['orders', 7, 4, 2, 1],
      ['billing', 3, 0, 1, 2],
    ],
  )
  assert.deepEqual(review.discards.shown, [
    { reason: 'test orders', letters: 2, by: ['ana'] },
    { reason: 'of no use', letters: 1, by: ['ana'] },
  ])
  const { count, isNew, top, movers } = review.causes
  assert.deepEqual([count, isNew], [2, 2])
  assert.deepEqual(
    top.map(({ title, queue, letters, before, isNew: fresh }) => [title.slice(0, 14), queue, letters, before, fresh]),
    [
      ['TaxRateMissing', 'orders', 7, 0, true],
      ['BError: b', 'billing', 3, 0, true],
    ].map(([title, ...rest]) => [String(title).slice(0, 14), ...rest]),
  )
  assert.deepEqual(movers, [], 'seven letters move by chance')
  assert.deepEqual(
    review.runs.shown.map(({ id, state, letters, sent, canary }) => [id, state, letters, sent, canary]),
    [[run.id, 'done', 4, 4, 0]],
  )
  const replays = review.queues.shown.map(({ name, hygiene }) => [name, stateOf(hygiene, 'replay-without-thought')])
  assert.deepEqual(Object.fromEntries(replays), { orders: 'fine', billing: 'unknown' })
})

test('what came back and what was confirmed is told apart', async (t) => {
  const { bed, tax } = await busyWeek(t)
  const replays = await bed.store.pool.query<{ id: string; letter_id: string }>(
    'select id, letter_id from attempt order by ordinal',
  )
  const [confirmed, returned] = replays.rows
  assert.ok(confirmed !== undefined && returned !== undefined)
  const { applyReceipts } = await import('../src/replay/index.ts')
  await bed.store.transaction(async (client) => {
    await applyReceipts(client, [receipt(confirmed.id)])
    await client.query(
      `insert into evidence (run_id, ordinal, outcome, returned_letter) select run_id, ordinal, 'returned', $2 from attempt where id = $1`,
      [returned.id, tax[6]],
    )
    await client.query('update intent set returned = 1')
  })
  const { total, runs, queues } = await reviewed(bed)
  assert.equal(total.cameBack, 1)
  assert.deepEqual(
    queues.shown.map(({ name, cameBack }) => [name, cameBack]),
    [
      ['orders', 1],
      ['billing', 0],
    ],
  )
  assert.deepEqual([runs.sent, runs.confirmed, runs.returned], [4, 1, 1])
})

test('causes that nobody looked at, that nobody owns, and letters that wait for a week are to be decided', async (t) => {
  const { bed } = await busyWeek(t)
  const first = await reviewed(bed)
  const ids = first.causes.neverOpened.shown.map(({ id }) => id)
  assert.deepEqual(first.causes.neverOpened.count, 2)
  assert.deepEqual(first.causes.withoutOwner.count, 2)
  assert.equal(first.causes.old.count, 0)
  assert.ok(first.decisions.shown.some(({ command }) => command === `redrive cause show ${ids[0]}`))
  assert.ok(first.decisions.shown.some(({ command }) => command === 'redrive queue show orders'))
  const orders = first.causes.top.find(({ queue }) => queue === 'orders')?.id ?? ''
  await acknowledgeCause(bed.store, { cause: orders, by: 'ana', note: null })
  await documentQueue(bed.store, { queue: 'orders', fields: { owner: 'team-reefer' }, by: 'ana', reason: null })
  const soon = await reviewed(bed, { nowMs: Date.now() + 2 * dayMs })
  const untriaged = soon.queues.shown.map(({ name, hygiene }) => [name, stateOf(hygiene, 'untriaged')])
  assert.deepEqual(Object.fromEntries(untriaged), { orders: 'partly', billing: 'bad' })
  const later = await reviewed(bed, { nowMs: Date.now() + 8 * dayMs })
  assert.deepEqual(
    later.causes.neverOpened.shown.map(({ queue, waiting }) => [queue, waiting]),
    [['billing', 2]],
  )
  assert.deepEqual(
    later.causes.withoutOwner.shown.map(({ queue }) => queue),
    ['billing'],
  )
  assert.deepEqual(
    later.causes.old.shown.map(({ queue, waiting }) => [queue, waiting]),
    [
      ['billing', 2],
      ['orders', 1],
    ],
  )
  assert.ok(later.decisions.shown.some(({ command }) => command === `redrive replay plan --cause ${orders}`))
  assert.equal(later.queues.shown.find(({ name }) => name === 'orders')?.owner, 'team-reefer')
})

test('a week that is over stays as it was made first, and the next one compares itself with it', async (t) => {
  const { bed, tax, other } = await busyWeek(t)
  const made = await reviewed(bed, { week, nowMs: weekEndMs + 1 })
  assert.equal(made.total.cameIn, 10)
  assert.match(made.headline, /the week before/)
  await discard(bed, [...tax.slice(6), ...other.slice(1)], 'late')
  assert.deepEqual(await reviewed(bed, { week, nowMs: weekEndMs + dayMs }), made)
  assert.equal((await reviewed(bed)).total.waiting, 0)
  assert.deepEqual(
    (await listReviews(bed.store)).map(({ week: name, headline }) => [name, headline]),
    [[week, made.headline]],
  )
  const next = await reviewed(bed, { week: nextWeek, nowMs: weekEndMs + 8 * dayMs })
  assert.deepEqual([next.before.cameIn, next.total.cameIn, next.total.waitedBefore], [10, 0, 0])
  assert.equal(next.headline, 'No letter came in (10 the week before); nothing waited at the end.')
  assert.equal((await reviewed(bed, { week: 'last', nowMs: weekEndMs + 8 * dayMs })).week, nextWeek)
})

test('whoever makes it at the same time gets the same', async (t) => {
  const { bed } = await busyWeek(t)
  const made = await Promise.all([1, 2, 3].map((ms) => reviewed(bed, { week, nowMs: weekEndMs + ms })))
  assert.deepEqual(new Set(made.map(({ madeAt }) => madeAt)).size, 1)
})

test('what the books say of another time is not in it', async (t) => {
  const { bed } = await busyWeek(t)
  await bed.store.pool.query(
    `insert into ledger_entry (transfer, at, queue_id, account, letters, what)
     select t.id, $1, q.id, a.account, a.letters, 'test' from queue q, (select gen_random_uuid() as id) t,
       (values ('source', -5), ('open', 5)) as a (account, letters) where q.name = 'orders'`,
    [new Date(weekEndMs + 3_600_000)],
  )
  const { total } = await reviewed(bed, { week, nowMs: weekEndMs + dayMs })
  assert.deepEqual([total.cameIn, total.waiting], [10, 3])
  const next = await reviewed(bed, { week: nextWeek, nowMs: weekEndMs + dayMs })
  assert.deepEqual([next.total.cameIn, next.total.waitedBefore, next.total.waiting], [5, 3, 8])
})

test('a week that is under way is not kept', async (t) => {
  const { bed } = await busyWeek(t)
  const { to, total } = await reviewed(bed, { week })
  assert.ok(Date.parse(to) <= Date.now())
  assert.equal(total.cameIn, 10)
  await reviewed(bed, { week: 'last' })
  assert.deepEqual(await listReviews(bed.store), [], 'nor one from before the office began')
})

test('causes with many more letters than the week before, or many fewer, have moved', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(
    ...Array.from({ length: 40 }, () => ({ errorClass: 'AError' })),
    ...Array.from({ length: 19 }, () => ({ errorClass: 'BError' })),
  )
  const { causes } = await reviewed(bed)
  assert.deepEqual(
    causes.movers.map(({ letters, before }) => [letters, before]),
    [[40, 0]],
  )
  const next = await reviewed(bed, { nowMs: Date.now() + 7 * dayMs })
  assert.deepEqual(
    next.causes.movers.map(({ letters, before, isNew }) => [letters, before, isNew]),
    [[0, 40, false]],
  )
  assert.deepEqual(next.causes.top, [])
})

test('alerts are counted, with how soon they were taken, and those that nobody took are named', async (t) => {
  const bed = await alertBed(t)
  await bed.captured({ errorClass: 'AError' }, { errorClass: 'BError', queue: 'billing' })
  await bed.look()
  const { rows } = await bed.store.pool.query<{ id: string }>('select id from alert order by queue')
  await bed.store.pool.query(
    `update alert set acknowledged_at = raised_at + interval '6 minutes', acknowledged_by = 'ana', state = 'acknowledged' where id = $1`,
    [rows[0]?.id],
  )
  await bed.store.pool.query(`update alert set said = 6 where id = $1`, [rows[1]?.id])
  const { alerts, decisions } = await reviewed(bed, { nowMs: Date.now() + 1 })
  assert.deepEqual([alerts.raised, alerts.notices, alerts.minutesToTake, alerts.minutesToEnd], [2, 2, 6, null])
  assert.deepEqual(alerts.byRule, [{ rule: 'first-failure', raised: 2, taken: 1 }])
  assert.deepEqual(
    alerts.noisy.shown.map(({ said, isOver }) => [said, isOver]),
    [[6, false]],
  )
  assert.equal(alerts.ignored.count, 0)
  assert.ok(decisions.shown.some(({ why }) => why.startsWith('was said 6 times')))
  const later = await reviewed(bed, { nowMs: Date.now() + 8 * dayMs })
  assert.equal(later.alerts.ignored.count, 1)
})

test('causes that were fixed are counted', async (t) => {
  const bed = await alertBed(t)
  await bed.captured({ errorClass: 'AError' })
  await bed.look()
  await fixCause(bed.store, { cause: await bed.cause(), by: 'ana', note: null, release: null } as never)
  // The database's clock is finer than ours.
  assert.equal((await reviewed(bed, { nowMs: Date.now() + 1_000 })).causes.fixed, 1)
})

test('a review that is due is sent once, whoever looks, and late rather than never', async (t) => {
  const { bed } = await busyWeek(t)
  await bed.store.pool.query('delete from notification')
  const look = (nowMs: number, done: string | null = null) =>
    lookForReview(bed.store, { ...facts, zone: 'UTC', at: 'mon 08:00', notify: ['team', 'log'], done, nowMs })
  const sent = async () =>
    (
      await bed.store.pool.query<{ notifier: string; notice: Notice }>(
        'select notifier, notice from notification order by id',
      )
    ).rows
  assert.deepEqual(await look(Date.now()), { done: null, isSent: false }, 'the office is younger than the last week')
  assert.deepEqual(await look(weekEndMs + 60_000), { done: null, isSent: false }, 'it is made, and not due yet')
  assert.equal((await listReviews(bed.store)).length, 1)
  assert.deepEqual(await sent(), [])
  const dueMs = weekEndMs + 8 * 3_600_000
  assert.deepEqual(await look(dueMs - 1), { done: null, isSent: false })
  const looks = await Promise.all([look(dueMs), look(dueMs)])
  assert.deepEqual(looks.map(({ isSent }) => isSent).toSorted(), [false, true])
  assert.deepEqual(
    looks.map(({ done }) => done),
    [week, week],
  )
  assert.deepEqual(
    (await sent()).map(({ notifier }) => notifier),
    ['team', 'log'],
  )
  const { rows } = await bed.store.pool.query<{ key: string }>('select key from notification')
  await assert.rejects(testResult(bed.store, rows[0]?.key ?? ''), { code: 'NOT_FOUND' }, 'it is no test')
  const [{ notice } = {}] = await sent()
  assert.equal(notice?.change, 'review')
  assert.equal(notice?.next, `redrive review ${week}`)
  assert.match(notice?.title ?? '', new RegExp(`^Review ${week}: 2 causes, 10 letters came in`))
  assert.equal(notice?.facts[0]?.name, 'orders')
  assert.match(notice?.facts[0]?.value ?? '', /^7 in, 4 replayed, 2 discarded, 1 waiting; hygiene \d+$/)
  assert.deepEqual(await look(weekEndMs + 6 * dayMs), { done: week, isSent: false })
  assert.deepEqual(await look(weekEndMs + 6 * dayMs, week), { done: week, isSent: false })
  assert.equal((await sent()).length, 2)
})

test('the API writes it in four forms, and says what is wrong with a week', async (t) => {
  const { bed } = await busyWeek(t)
  const { server, token } = await bed.http()
  const get = (path: string) => fetch(`${server.url}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } })
  const json = await get('/review')
  assert.equal(((await json.json()) as { total: { cameIn: number } }).total.cameIn, 10)
  for (const [format, type, begin] of [
    ['text', 'text/plain', 'Review of the last seven days\n====='],
    ['markdown', 'text/markdown', '# Review of the last seven days\n'],
    ['html', 'text/html', '<!doctype html>'],
  ] as const) {
    const answer = await get(`/review?format=${format}`)
    assert.ok(answer.headers.get('content-type')?.startsWith(type))
    assert.ok((await answer.text()).startsWith(begin))
  }
  for (const [wrong, detail] of [
    ['2025-W53', 'There is no week 2025-W53.'],
    ['2199-W01', 'The week 2199-W01 has not begun.'],
    ['%00', /There is no week|must/],
  ] as const) {
    const answer = await get(`/review?week=${wrong}`)
    assert.equal(answer.status, 400)
    const problem = (await answer.json()) as { code: string; detail: string }
    assert.equal(problem.code, 'REQUEST_INVALID')
    if (typeof detail === 'string') assert.equal(problem.detail, detail)
    else assert.match(problem.detail, detail)
  }
  assert.deepEqual(await (await get('/reviews')).json(), { reviews: [] })
})

test('what retention ended is said apart from what people did, and so is what it ends next', async (t) => {
  const bed = await alertBed(t)
  const open = { ...defaultRetention, open: { ...defaultRetention.open, afterwards: 'delete' as const } }
  const ids = await bed.captured({}, {}, {}, { errorClass: 'Unseen' })
  await discard(bed, ids.slice(0, 3), 'test orders')
  await aged(bed, ids.slice(0, 1), 31)
  await aged(bed, ids.slice(1, 2), 25)
  await aged(bed, ids.slice(3), 100)
  assert.equal((await passed(bed)).deleted, 1)
  const { total, queues, causes, retention } = await reviewed(bed, {})
  assert.deepEqual([total.cameIn, total.discarded, total.deleted, total.waiting], [4, 3, 1, 1])
  assert.deepEqual(retention, { delete: 1, archive: 0, held: [], asks: 0 })
  assert.equal(causes.isNew, 2, 'a cause whose first letter is gone is no older for it')
  assert.equal(stateOf(queues.shown[0]?.hygiene as Hygiene, 'not-captured'), 'fine')
  const unseen = await reviewOf(bed.store, { ...facts, retention: open, zone: 'UTC', week: null, nowMs: Date.now() })
  assert.deepEqual(unseen.retention.held, [{ why: 'never-looked-at', queue: 'orders', letters: 1, causes: 1 }])
})

test('a queue whose source keeps letters briefly, or has deleted some, is told so', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({ body: 'one' })
  const keeps = { ageMs: dayMs, messages: null, bytes: null, unusedMs: null, isCompacted: false, longer: 'keep longer' }
  const expiry = (place: string) => [
    {
      broker: 'memory',
      place,
      askedAtMs: 0,
      expiry: { keeps, waiting: 0, gone: 0, oldestEndsAtMs: null },
      why: null,
      emptyAtMs: 0,
    },
  ]
  const retentionOf = async (place: string) => {
    const review = await reviewed(bed, { expiry: expiry(place) })
    return review.queues.shown[0]?.hygiene.patterns.find((each) => each.pattern === 'retention-too-short')
  }
  assert.equal((await retentionOf('another'))?.state, 'fine')
  const briefly = await retentionOf('orders-dead-letter')
  assert.deepEqual([briefly?.state, briefly?.next], ['partly', 'keep longer'])
  assert.equal(briefly?.why, 'orders-dead-letter on memory keeps letters for 24 h')
  await bed.store.pool.query(
    `insert into source_loss (source_id, partition, from_position, to_position)
     select id, '0', 5, 9 from source where place = 'orders-dead-letter'`,
  )
  const lost = await retentionOf('another')
  assert.equal(lost?.state, 'bad')
  assert.match(lost?.why ?? '', /^up to 4 letters were deleted at their source/)
})

test('a review says which share of each queue died, and of which nothing is known', async (t) => {
  const bed = await alertBed(t)
  await bed.captured({ queue: 'silent' }, { queue: 'orders' })
  const insert = async (daysAgo: number, seconds: number, died: number) =>
    bed.store.pool.query(
      `insert into traffic select id, 'reefer', $2, now() - $1 * interval '1 day', 1, 90, 0, 0, 0, $3, 0, 0, 0, 0, 0 from queue where name = 'orders'`,
      [daysAgo, seconds, died],
    )
  await insert(1, 60, 4)
  await insert(5, 3_600, 16)
  await insert(9, 3_600, 0)
  await insert(20, 3_600, 90)
  const review = await reviewed(bed)
  assert.deepEqual(Object.fromEntries(review.queues.shown.map(({ name, traffic }) => [name, traffic])), {
    silent: null,
    orders: { handled: 180, died: 20, deathShare: 0.1, deathShareBefore: 0 },
  })
  const text = reviewText(review)
  assert.match(text, /waiting/)
  assert.match(text, / 10\.0 % +0\.0 % /)
  assert.match(text, /^silent .* – +– /m)
})

test('erased letters are counted as such, and what became of them before stays true', async (t) => {
  const bed = await alertBed(t)
  const ids = await bed.captured({ key: 'customer-1' }, { key: 'customer-1' }, {})
  await discard(bed, ids.slice(0, 1), 'test orders')
  const erasure = await planErasure(bed.store, { selection: { key: 'customer-1' }, by: 'dpo', nowMs: Date.now() })
  await beginErasure(bed.store, { erasure, by: 'dpo', reason: 'request 17', expect: 2, alsoWords: false })
  await erasureOnce(bed.store, { place: null, ownsServer: false, signal: new AbortController().signal })
  const { total } = await reviewed(bed, {})
  assert.deepEqual([total.cameIn, total.discarded, total.erased, total.deleted, total.waiting], [3, 1, 2, 0, 1])
})
