import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Broker, PermanentError } from '@redrive/worker'
import { cancelRun, pauseRun, resumeRun } from '../src/replay/index.ts'
import { lane, type OfficeBed, officeBed, until, uuidOf } from './office-bed.ts'

const letters = (count: number) => Array.from({ length: count }, (_, n) => ({ body: `letter ${n}` }))

async function runUntil(bed: OfficeBed, id: string, state: string) {
  return until(`the run is ${state}`, async () => {
    const view = await bed.runOf(id)
    return view.state === state ? view : undefined
  })
}

const decision = (id: string) => ({ run: uuidOf(id), by: 'ann', reason: null })

test('a canary that is handled is followed by the rest', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(20))
  await bed.worker({ handle: () => undefined })
  bed.replayer()
  const plan = await bed.plan({ query: 'queue:orders' }, { control: { canary: 3 } })
  assert.equal(plan.control.canary, 3)
  const run = await runUntil(bed, (await bed.run(plan)).id, 'done')
  assert.equal(run.verdict, 'pass')
  assert.equal(run.sends.sent, 20)
})

test('a canary that dies again halts the run; what was not sent is open again after a cancel', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(20))
  await bed.worker({
    handle: () => {
      throw new PermanentError('still broken')
    },
  })
  bed.replayer()
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }, { control: { canary: 3 } }))
  const run = await runUntil(bed, id, 'halted')
  assert.equal(run.verdict, 'fail')
  assert.equal(run.sends.sent, 3)
  assert.match(run.stopped?.why ?? '', /of 3 canary letters died again/)
  assert.match(run.stopped?.advice ?? '', /deploy the fix/)
  await cancelRun(bed.store, decision(id))
  assert.equal((await bed.runOf(id)).state, 'cancelled')
  await until('the returned ones are captured', async () => ((await bed.states())['open'] === 20 ? true : undefined))
  assert.deepEqual(await bed.states(), { open: 20, replayed: 3 })
  assert.equal(bed.messages(lane).length, 0, 'nothing more was sent')
  await bed.balanced()
})

test('a canary nobody speaks of is no success: the run pauses, and goes on only when somebody says so', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(8))
  bed.replayer()
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }, { control: { canary: 2, verdictSeconds: 1 } }))
  const run = await runUntil(bed, id, 'paused')
  assert.equal(run.verdict, 'inconclusive')
  assert.match(run.stopped?.why ?? '', /nobody said within 1 s what became of 2 of 2 canary letters/)
  assert.equal(bed.messages(lane).length, 2)
  await resumeRun(bed.store, decision(id))
  const done = await runUntil(bed, id, 'done')
  assert.equal(done.verdict, 'overridden')
  assert.equal(bed.messages(lane).length, 8)
})

test('a canary of which nobody knows whether it arrived is looked for before anybody is asked', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(6))
  // What it sends arrives, and the first answer is lost.
  let isLost = true
  const broker: Broker = {
    ...bed.broker,
    async send(place, messages) {
      const results = await bed.broker.send(place, messages)
      if (!isLost) return results
      isLost = false
      return results.map(() => ({ kind: 'uncertain', reason: 'no answer' }))
    },
  }
  bed.replayer({ brokers: new Map([['memory', broker]]), quietSeconds: 0 })
  const { id } = await bed.run(
    await bed.plan({ query: 'queue:orders' }, { control: { canary: 2, verdictSeconds: 60 } }),
  )
  const found = await until('it was found', async () => {
    const run = await bed.runOf(id)
    return run.sends.sent === 2 || run.state !== 'running' ? run : undefined
  })
  assert.deepEqual([found.state, found.sends.uncertain], ['running', 0])
  await bed.worker({ handle: () => undefined })
  const run = await runUntil(bed, id, 'done')
  assert.equal(run.verdict, 'pass')
  assert.equal(run.sends.sent, 6)
})

test('after a pause is answered with nothing on its way, nothing is sent until it is resumed', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(60))
  bed.replayer()
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }, { control: { pace: 40 } }))
  await until('some were sent', () => (bed.messages(lane).length > 0 ? true : undefined))
  await pauseRun(bed.store, decision(id))
  await until('nothing is on its way', async () => ((await bed.runOf(id)).sends.intended === 0 ? true : undefined))
  const sent = bed.messages(lane).length
  assert.ok(sent < 60)
  const paused = await bed.runOf(id)
  assert.deepEqual([paused.state, paused.progressed, paused.sends.sent], ['paused', sent, sent])
  // As long as six batches would have taken.
  const endMs = Date.now() + 1_500
  await until('the time is over', () => (Date.now() > endMs ? true : undefined))
  assert.equal(bed.messages(lane).length, sent)
  await resumeRun(bed.store, decision(id))
  const run = await runUntil(bed, id, 'done')
  assert.equal(run.sends.sent, 60)
  assert.equal(new Set(bed.messages(lane).map(({ body }) => Buffer.from(body ?? []).toString())).size, 60)
  await bed.balanced()
})
