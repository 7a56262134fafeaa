import assert from 'node:assert/strict'
import { test } from 'node:test'
import { snoozeCause } from '../src/causes/index.ts'
import { reviewText } from '../src/review/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { alertBed } from './alert-bed.ts'
import { aged, passed } from './retention-bed.ts'
import { dayMs, nextWeek, reviewed, week, weekEndMs } from './review-bed.ts'

const letters = (count: number, letter: { readonly errorClass: string; readonly queue?: string }) =>
  Array.from({ length: count }, () => letter)

/** Causes with a letter each. */
const causes = (count: number) => {
  const name = (at: number) => String.fromCharCode(65 + Math.floor(at / 26), 65 + (at % 26))
  return Array.from({ length: count }, (_, at) => ({ errorClass: `${name(at)}Error`, error: name(at) }))
}

test('what is to be decided is counted and added up of all, not of the ten that are shown', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(...causes(37))
  const { causes: known, decisions } = await reviewed(bed)
  assert.deepEqual([known.neverOpened.count, known.neverOpened.shown.length], [37, 10])
  assert.equal(decisions.count, 38)
  await bed.store.pool.query(`update cause set state = 'acknowledged'`)
  const { decisions: left } = await reviewed(bed)
  assert.deepEqual(left.shown, [
    { what: '37 causes of orders that nobody owns', why: '37 letters wait', command: 'redrive queue show orders' },
  ])
})

test('queues that are not captured are decided about first, however many others are wrong and however many there are', async (t) => {
  const bed = await alertBed(t)
  const queues = Array.from({ length: 52 }, (_, at) => ({ errorClass: 'AError', queue: `queue-${at}` }))
  await bed.captured(...queues)
  const review = await reviewed(bed, { captures: [] })
  assert.deepEqual([review.queues.count, review.queues.shown.length], [52, 50])
  assert.equal(review.decisions.shown[0]?.command, 'redrive doctor')
  assert.match(review.decisions.shown[0]?.what ?? '', /^52 queues, queue-\d+, .* and 49 more$/)
})

test('letters that were deleted since are counted in the week in which they came', async (t) => {
  const bed = await alertBed(t)
  const ids = await bed.captured(...letters(30, { errorClass: 'AError' }), { errorClass: 'BError' })
  await bed.discard(ids)
  const before = await reviewed(bed)
  const counts = ({ causes: { count, isNew, top, movers } }: typeof before) => ({
    count,
    isNew,
    top: top.map((cause) => cause.letters),
    movers: movers.map((cause) => [cause.letters, cause.before]),
  })
  await aged(bed, ids, 31)
  assert.equal((await passed(bed)).deleted, 31)
  const after = await reviewed(bed)
  assert.deepEqual(counts(after), { count: 2, isNew: 2, top: [30, 1], movers: [[30, 0]] })
  assert.deepEqual(counts(after), counts(before))
  const dump = ({ queues }: typeof before) =>
    queues.shown[0]?.hygiene.patterns.find((each) => each.pattern === 'general-dump')
  assert.deepEqual(dump(after), dump(before))
  const next = await reviewed(bed, { nowMs: Date.now() + 7 * dayMs })
  assert.deepEqual(counts(next).movers, [[0, 30]], 'and the week after knows what came in the one before')
})

test('a letter that came back is counted also when it was deleted since', async (t) => {
  const bed = await alertBed(t)
  const [replayed = '', again = ''] = await bed.captured({ errorClass: 'AError' }, { errorClass: 'AError' })
  bed.replayer()
  await bed.replayed({ letters: [showLetterId(replayed)] })
  await bed.discard([again])
  await bed.store.pool.query(
    `insert into evidence (run_id, ordinal, outcome, returned_letter) select run_id, 0, 'returned', $1 from attempt limit 1`,
    [again],
  )
  assert.equal((await reviewed(bed)).total.cameBack, 1)
  await aged(bed, [again], 31)
  assert.equal((await passed(bed)).deleted, 1)
  assert.equal((await reviewed(bed)).total.cameBack, 1)
})

test('a cause that sleeps has been decided about: it says so, and neither it nor its queue asks for a decision', async (t) => {
  const bed = await alertBed(t)
  await bed.captured({ errorClass: 'AError' })
  await bed.look()
  const cause = await bed.cause()
  await snoozeCause(bed.store, { cause, by: 'ana', reason: 'the partner', forSeconds: 20 * 86_400 })
  const later = await reviewed(bed, { nowMs: Date.now() + 8 * dayMs })
  assert.equal(later.causes.old.count, 0)
  assert.deepEqual(
    later.decisions.shown.filter(({ command }) => command.includes(cause)),
    [],
  )
  const untriaged = later.queues.shown[0]?.hygiene.patterns.find((each) => each.pattern === 'untriaged')
  assert.equal(untriaged?.state, 'partly', untriaged?.why)
  assert.match(reviewText(await reviewed(bed)), new RegExp(`^${cause} .* first came +snoozed `, 'm'))
})

test('what waited at the end of a week and what waits when it is reviewed are told apart', async (t) => {
  const bed = await alertBed(t)
  const old = await bed.captured({ errorClass: 'AError' })
  await bed.discard(old)
  await bed.store.pool.query(
    `with moved as (insert into ledger_entry (transfer, at, queue_id, account, letters, what)
       select t.id, $1, q.id, a.account, a.letters, 'test' from queue q, (select gen_random_uuid() as id) t,
         (values ('source', -30), ('open', 30)) as a (account, letters))
     select`,
    [new Date(weekEndMs + 3_600_000)],
  )
  const { headline, total, ...review } = await reviewed(bed, { week, nowMs: weekEndMs + 3 * dayMs })
  assert.equal(total.waiting, 0)
  assert.match(headline, /; nothing waited at the end, 30 when this was made\.$/)
  const text = reviewText({ headline, total, ...review })
  assert.match(text, / waiting at the end /)
  assert.match(text, /and what waited in each queue at the end\. What to decide, .* are as of .*, when this was made\./)
  assert.match(
    (await reviewed(bed, { week: nextWeek, nowMs: weekEndMs + 8 * dayMs })).headline,
    /; 30 waited at the end\.$/,
  )
  assert.match((await reviewed(bed)).headline, /; nothing waits\.$|; 30 wait\.$/)
})

test('a share of deaths is none where workers tell of few of those that were captured', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(...letters(30, { errorClass: 'AError' }))
  await bed.store.pool.query(
    `insert into traffic select id, 'reefer', 60, now() - interval '1 minute', 1, 3, 0, 0, 0, 7, 0, 0, 0, 0, 0 from queue where name = 'orders'`,
  )
  const review = await reviewed(bed)
  assert.deepEqual(review.queues.shown[0]?.traffic, { handled: 3, died: 7, deathShare: null, deathShareBefore: null })
  const text = reviewText(review)
  assert.match(text, /^orders .* 7 of 10 /m)
  assert.doesNotMatch(text, /70\.0 %/)
  assert.match(text, /workers reported so many deaths of so many messages: less than half as many/)
  await bed.store.pool.query('update traffic set died_permanent = 30, handled = 90, died_transient = 0')
  assert.equal((await reviewed(bed)).queues.shown[0]?.traffic?.deathShare, 0.25)
})
