import assert from 'node:assert/strict'
import { test } from 'node:test'
import { showLetterId } from '../src/store/ids.ts'
import { lane, officeBed, until } from './office-bed.ts'

test('fifty overlapping plans, four replayers: each letter is sent once', async (t) => {
  const bed = await officeBed(t)
  const letters = (await bed.captured(...Array.from({ length: 300 }, (_, n) => ({ body: `letter ${n}` })))).map(
    showLetterId,
  )
  const random = seeded(42)
  const plans = await Promise.all(
    Array.from({ length: 50 }, () =>
      bed.plan({ letters: letters.filter(() => random() < 0.03) }, { control: { pace: 400 } }),
    ),
  )
  // All start from the same instant on: those that come later find theirs stale where they share a letter.
  const replayers = Array.from({ length: 4 }, () => bed.replayer())
  const started = await Promise.allSettled(plans.map((plan) => bed.run(plan)))
  const runs = started.flatMap((result) => {
    if (result.status === 'fulfilled') return [result.value.id]
    assert.equal(result.reason.code, 'PLAN_STALE')
    return []
  })
  assert.ok(runs.length > 1, `${runs.length} runs overlap`)
  const views = await until('all runs are done', async () => {
    const views = await Promise.all(runs.map((id) => bed.runOf(id)))
    return views.every(({ state }) => state === 'done') ? views : undefined
  })
  await Promise.all(replayers.map((replayer) => replayer.stop()))
  const bodies = bed.messages(lane).map(({ body }) => Buffer.from(body ?? []).toString())
  assert.equal(new Set(bodies).size, bodies.length, 'no letter twice')
  const sent = views.reduce((sum, { sends }) => sum + sends.sent, 0)
  assert.equal(sent, bodies.length)
  for (const { planned, progressed, sends } of views) {
    assert.equal(progressed, planned)
    assert.deepEqual(sends, { intended: 0, sent: planned, notSent: 0, uncertain: 0 })
  }
  const states = await bed.states()
  assert.equal(states['replayed'], sent)
  assert.equal(states['open'] ?? 0, 300 - sent)
  await bed.balanced()
})

/** Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
