import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PermanentError, systemClock } from '@redrive/worker'
import { type HaltRules, noControl, type RunView, resumeRun } from '../src/replay/index.ts'
import { type OfficeBed, officeBed, until, uuidOf } from './office-bed.ts'
import { type RecordingBroker, recordingBroker } from './recording-broker.ts'

const letters = (count: number) => Array.from({ length: count }, (_, n) => ({ body: `letter ${n}` }))
const numberOf = (body: Uint8Array | null) =>
  Number(
    Buffer.from(body ?? [])
      .toString()
      .replace('letter ', ''),
  )
const rule = (rules: Partial<HaltRules>): HaltRules => ({ ...noControl.halt, ...rules })

async function started(
  bed: OfficeBed,
  options: { readonly halt: Partial<HaltRules>; readonly pace?: number; readonly broker?: RecordingBroker },
): Promise<{ id: string; broker: RecordingBroker }> {
  const { broker = recordingBroker(bed.broker), pace = 100 } = options
  bed.replayer({ brokers: new Map([['memory', broker]]) })
  const { id } = await bed.run(
    await bed.plan({ query: 'queue:orders' }, { control: { pace, halt: rule(options.halt) } }),
  )
  return { id, broker }
}

function reached(bed: OfficeBed, id: string, state: RunView['state']): Promise<RunView> {
  return until(`the run is ${state}`, async () => {
    const run = await bed.runOf(id)
    return run.state === state && run.sends.intended === 0 ? run : undefined
  })
}

/** It is halted for this, says what to do, and sends nothing any more, as long as six batches would take. */
async function halted(
  bed: OfficeBed,
  { id, broker }: { readonly id: string; readonly broker: RecordingBroker },
  expected: { readonly rule: string; readonly why: RegExp; readonly advice: RegExp },
): Promise<RunView> {
  const run = await reached(bed, id, 'halted')
  const sent = broker.sentAtMs.length
  assert.equal(run.stopped?.rule, expected.rule)
  assert.match(run.stopped?.why ?? '', expected.why)
  assert.match(run.stopped?.advice ?? '', expected.advice)
  const endMs = Date.now() + 1_500
  await until('the time is over', () => (Date.now() > endMs ? true : undefined))
  assert.equal(broker.sentAtMs.length, sent, 'sends after the halt')
  assert.ok(run.progressed < run.planned)
  const { rows } = await bed.store.pool.query(`select actor, details from audit where action = 'run.halt'`)
  assert.deepEqual(rows, [{ actor: 'redrive', details: { rule: expected.rule } }])
  await bed.balanced()
  return run
}

test('too many of the outcomes are returns', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(300))
  await bed.worker({
    handle: ({ body }) => {
      if (numberOf(body) % 5 === 0) throw new PermanentError('still broken')
    },
  })
  const run = await started(bed, { halt: { returnedPercent: 10 } })
  await halted(bed, run, {
    rule: 'returnedPercent',
    why: /\d+ of the last \d+ letters died again, more than 10 %/,
    advice: /narrow the plan or resume/,
  })
})

test('returns of one cause come in a row', async (t) => {
  const bed = await officeBed(t)
  const broken = letters(200).map((letter) => ({
    ...letter,
    error: 'still broken',
    tier: 'permanent' as const,
    errorClass: 'PermanentError',
  }))
  await bed.captured(...broken)
  await bed.worker({
    handle: ({ body }) => {
      if (numberOf(body) >= 10) throw new PermanentError('still broken')
    },
  })
  const run = await started(bed, { halt: { returnedInARow: 4 } })
  const view = await halted(bed, run, {
    rule: 'returnedInARow',
    why: /the last 4 letters died again/,
    advice: /not mended/,
  })
  assert.ok(view.outcomes.confirmed >= 10)
})

test('a letter comes back with a cause nobody had seen; after a resume the same cause is known', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(200))
  await bed.worker({
    handle: ({ body }) => {
      if (numberOf(body) % 40 === 10) throw new PermanentError('the schema has no such field')
    },
  })
  const run = await started(bed, { halt: { newCause: true } })
  const first = await halted(bed, run, {
    rule: 'newCause',
    why: /something new: .*the schema has no such field/,
    advice: /new cause/,
  })
  await resumeRun(bed.store, { run: uuidOf(run.id), by: 'ann', reason: 'known' })
  const done = await reached(bed, run.id, 'done')
  assert.equal(done.progressed, 200)
  assert.ok(first.progressed < 200)
  await until('five came back', async () => ((await bed.runOf(run.id)).outcomes.returned === 5 ? true : undefined))
})

test('the destination refuses', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(300))
  let refuses = true
  const broker = recordingBroker(bed.broker, { refuse: () => refuses })
  const run = await started(bed, { halt: { notSentInARow: 10 }, pace: 40, broker })
  const view = await halted(bed, run, {
    rule: 'notSentInARow',
    why: /the last 10 letters could not be sent for certain: the place is full/,
    advice: /The destination refuses/,
  })
  assert.equal(view.sends.notSent, 10, 'a batch of ten is refused, and nothing more is tried')
  assert.equal(broker.sentAtMs.length, 10)
  refuses = false
  await resumeRun(bed.store, { run: uuidOf(run.id), by: 'ann', reason: null })
  const done = await reached(bed, run.id, 'done')
  assert.deepEqual([done.sends.sent, done.sends.notSent], [290, 10])
  assert.deepEqual(await bed.states(), { open: 10, replayed: 290 })
})

test('a rule halts a run though the clock of the office is set back an hour', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(300))
  await bed.worker({
    handle: () => {
      throw new PermanentError('still broken')
    },
  })
  const broker = recordingBroker(bed.broker)
  const { id } = await bed.run(
    await bed.plan({ query: 'queue:orders' }, { control: { pace: 100, halt: rule({ returnedInARow: 5 }) } }),
  )
  const setBack = { ...systemClock, now: () => Date.now() - (broker.sentAtMs.length > 0 ? 3_600_000 : 0) }
  bed.replayer({ brokers: new Map([['memory', broker]]), clock: setBack })
  await reached(bed, id, 'halted')
  assert.ok(broker.sentAtMs.length < 300)
})

test('a refusal is judged before the next batch, however quick it is', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(300))
  const broker = recordingBroker(bed.broker, { refuse: () => true })
  const { id } = await bed.run(
    await bed.plan({ query: 'queue:orders' }, { control: { pace: 400, halt: rule({ notSentInARow: 10 }) } }),
  )
  // Its time stands still, so that nothing is judged because a while is over.
  bed.replayer({ brokers: new Map([['memory', broker]]), clock: { ...systemClock, monotonic: () => 0 } })
  await reached(bed, id, 'halted')
  assert.equal(broker.sentAtMs.length, 100, 'one batch')
})

test('nobody speaks of the oldest letters though others are spoken of', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(400))
  const forever = Promise.withResolvers<void>()
  t.after(() => forever.resolve())
  await bed.worker({
    handle: async ({ body }) => {
      if (numberOf(body) === 0) await forever.promise
    },
    shutdownMs: 100,
  })
  const run = await started(bed, { halt: { lateSeconds: 1 }, pace: 50 })
  await halted(bed, run, { rule: 'lateSeconds', why: /nobody has said for [12] s/, advice: /does not keep up/ })
})

test('a budget of letters is kept to the letter, and each resume gives another', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(60))
  const run = await started(bed, { halt: { letters: 25 }, pace: 1_000 })
  const view = await halted(bed, run, { rule: 'letters', why: /25 letters were sent/, advice: /Resume/ })
  assert.equal(view.sends.sent, 25)
  await resumeRun(bed.store, { run: uuidOf(run.id), by: 'ann', reason: null })
  const again = await until('it halts again', async () => {
    const now = await bed.runOf(run.id)
    return now.state === 'halted' && now.sends.sent === 50 ? now : undefined
  })
  assert.equal(again.stopped?.rule, 'letters')
  await resumeRun(bed.store, { run: uuidOf(run.id), by: 'ann', reason: null })
  assert.equal((await reached(bed, run.id, 'done')).sends.sent, 60)
  assert.equal(run.broker.sentAtMs.length, 60)
})

test('a budget of time ends', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(300))
  const run = await started(bed, { halt: { seconds: 1 }, pace: 40 })
  const view = await halted(bed, run, { rule: 'seconds', why: /gone on for 1 s/, advice: /Resume/ })
  assert.ok(view.sends.sent > 10 && view.sends.sent < 90, `${view.sends.sent} in a second at 40/s`)
})

test('what halted a run does not halt it again after a resume', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(120))
  let broken = true
  await bed.worker({
    handle: () => {
      if (broken) throw new PermanentError('still broken')
    },
  })
  const run = await started(bed, { halt: { returnedInARow: 5, returnedPercent: 5 }, pace: 40 })
  const first = await halted(bed, run, { rule: 'returnedInARow', why: /died again/, advice: /not mended/ })
  await until('all that was sent came back', async () => {
    const { outcomes } = await bed.runOf(run.id)
    return outcomes.returned === first.sends.sent ? true : undefined
  })
  broken = false
  await resumeRun(bed.store, { run: uuidOf(run.id), by: 'ann', reason: 'mended' })
  const done = await reached(bed, run.id, 'done')
  assert.equal(done.progressed, 120)
  await until('the rest was handled', async () => {
    const { outcomes } = await bed.runOf(run.id)
    return outcomes.confirmed === 120 - first.sends.sent ? true : undefined
  })
})
