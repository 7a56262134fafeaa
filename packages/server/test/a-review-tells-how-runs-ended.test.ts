import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { reviewText } from '../src/review/index.ts'
import { parseRunId, showLetterId } from '../src/store/ids.ts'
import { officeBed } from './office-bed.ts'
import { dayMs, reviewed, week, weekEndMs } from './review-bed.ts'

/** A run that sent twelve letters. */
async function replayedOnce(t: TestContext) {
  const bed = await officeBed(t)
  const ids = await bed.captured(...Array.from({ length: 12 }, () => ({ errorClass: 'AError' })))
  bed.replayer()
  const { id } = await bed.replayed({ letters: ids.map(showLetterId) })
  const run = parseRunId(id)
  /** As if it had been begun then, and had sent and ended as is said. Days ago. */
  const was = async (at: { readonly begun: number; readonly sent: number; readonly ended: number | null }) => {
    const set = async (sql: string, days: number | null) =>
      bed.store.pool.query(sql, [run, days === null ? null : new Date(Date.now() - days * dayMs)])
    await set('update run set started_at = $2 where id = $1', at.begun)
    await set('update run set finished_at = $2 where id = $1', at.ended)
    await set('update intent set intended_at = $2 where run_id = $1', at.sent)
  }
  const halted = (daysAgo: number) =>
    bed.store.pool.query(
      `insert into audit (at, actor, action, target, reason) values ($2, 'redrive', 'run.halt', $1, '12 of 12 died again')`,
      [id, new Date(Date.now() - daysAgo * dayMs)],
    )
  const returned = () => bed.store.pool.query('update intent set returned = 12')
  const runs = async (weeksAgo: number) => (await reviewed(bed, { nowMs: Date.now() - weeksAgo * 7 * dayMs })).runs
  return { bed, id, run, was, halted, returned, runs }
}

test('a run that goes on over the end of a week is told of in both, and each counts what was sent in it', async (t) => {
  const { id, was, runs, bed } = await replayedOnce(t)
  await was({ begun: 7.01, sent: 6.99, ended: 6.9 })
  const [old, now] = [await runs(1), await runs(0)]
  assert.deepEqual(
    [old, now].map(({ shown }) => shown.map((each) => each.id)),
    [[id], [id]],
  )
  assert.deepEqual([old.sent, now.sent, now.shown[0]?.sent], [0, 12, 12])
  assert.match(reviewText(await reviewed(bed)), /^1 run \(1 done\)\. Sent in this time: 12 letters \(/m)
})

test('a run of another week that is over is not told of', async (t) => {
  const { was, runs } = await replayedOnce(t)
  await was({ begun: 20, sent: 20, ended: 19 })
  assert.deepEqual([(await runs(0)).count, (await runs(1)).count, (await runs(2)).count], [0, 0, 1])
  await was({ begun: 20, sent: 20, ended: null })
  assert.deepEqual([(await runs(0)).count, (await runs(1)).count], [0, 0], 'one that stands still did nothing')
  await was({ begun: 20, sent: 20, ended: 3 })
  assert.deepEqual([(await runs(0)).count, (await runs(1)).count], [1, 0], 'until somebody ends it')
})

test('a run that halted itself says so, also when somebody has cancelled it, and went on nowhere', async (t) => {
  const { bed, run, id, was, halted, returned } = await replayedOnce(t)
  await was({ begun: 8, sent: 7.5, ended: 5 })
  await halted(6)
  await returned()
  await bed.store.pool.query(`update run set state = 'cancelled', problem = 'cancelled by ana' where id = $1`, [run])
  const review = await reviewed(bed)
  assert.deepEqual([review.runs.halted, review.runs.shown[0]?.haltedWhy], [1, '12 of 12 died again'])
  const text = reviewText(review)
  assert.match(text, /^1 run \(1 cancelled; 1 had halted by itself\)\. /m)
  assert.match(text, new RegExp(`^${id} .* halted, cancelled .* 12 of 12 died again; cancelled by ana$`, 'm'))
  const thought = review.queues.shown[0]?.hygiene.patterns.find((each) => each.pattern === 'replay-without-thought')
  assert.equal(thought?.state, 'fine', thought?.why)
})

test('a run that sent before the week and halted in it is told of', async (t) => {
  const { was, halted, runs, bed } = await replayedOnce(t)
  await was({ begun: 7.02, sent: 7.01, ended: null })
  await bed.store.pool.query(`update run set state = 'halted', problem = '12 of 12 died again'`)
  assert.equal((await runs(0)).count, 0)
  await halted(6.9)
  assert.deepEqual([(await runs(0)).count, (await runs(0)).byState], [1, { halted: 1 }])
})

test('a review that was kept before runs were told so is still one', async (t) => {
  const { bed } = await replayedOnce(t)
  const made = await reviewed(bed, { week, nowMs: weekEndMs + 1 })
  await bed.store.pool.query(
    `update review set content = content #- '{runs,halted}' #- '{runs,ofPeople}' #- '{runs,shown,0,haltedWhy}'`,
  )
  assert.deepEqual(await reviewed(bed, { week, nowMs: weekEndMs + 2 }), made)
})
