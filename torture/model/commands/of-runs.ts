import assert from 'node:assert/strict'
import fc from 'fast-check'
import { carryOut } from '../../../packages/server/src/replay/carry-out.ts'
import { claimNext } from '../../../packages/server/src/replay/claim.ts'
import { lettersOf } from '../../../packages/server/src/replay/content.ts'
import {
  cancelRun,
  createPlan,
  noControl,
  pauseRun,
  resumeRun,
  startRun,
} from '../../../packages/server/src/replay/index.ts'
import { finishRun, giveBack, takeRun } from '../../../packages/server/src/replay/leases.ts'
import { closeWindows } from '../../../packages/server/src/replay/outcomes.ts'
import { sendBatch } from '../../../packages/server/src/replay/send-batch.ts'
import { bodyOf, type Model, type ModelPlan, type ModelRun, move, nextRun, openRest, settle } from '../model.ts'
import { type Fate, meaningOf, ordinalOf, type Real, sender } from '../real.ts'
import { type Command, command, nowMs, picked, refusedWith, who } from './command.ts'
import { sayReceipt } from './of-capture.ts'
import { type Chosen, selectionOf, selections, wordsOf } from './of-letters.ts'

/** Letters of one intent, by the pace that plans have here. */
const batchSize = 2

export const plans: fc.Arbitrary<Command> = fc.record({ chosen: selections, beyondCap: fc.boolean() }).map((wanted) =>
  command(`plan ${wordsOf(wanted.chosen)}${wanted.beyondCap ? ' beyond the cap' : ''}`, {
    run: async (model, real) => void (await planLetters(model, real, wanted)),
  }),
)

/** A plan that is run at once. */
export const replayOf = (chosen: Chosen): Command =>
  command(`replay ${wordsOf(chosen)}`, {
    when: ({ letters }) => letters.some(({ state }) => state === 'open'),
    async run(model, real) {
      const plan = await planLetters(model, real, { chosen, beyondCap: true })
      await startPlan(model, real, { plan, isMistaken: false })
    },
  })
export const replays: fc.Arbitrary<Command> = selections.map(replayOf)

async function planLetters(
  model: Model,
  real: Real,
  { chosen, beyondCap }: { readonly chosen: Chosen; readonly beyondCap: boolean },
): Promise<ModelPlan> {
  const { store, brokers } = real.office
  const { selection, found } = selectionOf(model, real, chosen)
  // What came back rests for a while.
  const letters = found.filter(({ state, hops }) => state === 'open' && (beyondCap || hops === 1))
  const control = { ...noControl, pace: batchSize * 4 }
  const request = { selection, destination: 'lane' as const, control, limits: { beyondCap }, ...who, nowMs: nowMs() }
  const id = await createPlan(store, brokers, request)
  const { rows } = await store.pool.query('select letter_id from plan_letter where plan_id = $1 order by ordinal', [id])
  assert.deepEqual(
    rows.map(({ letter_id }) => letter_id),
    letters.map((letter) => letter.id),
    'the plan holds these letters',
  )
  const frozen = letters.map((letter) => ({ letter, revision: letter.revision, body: bodyOf(letter) }))
  const plan: ModelPlan = { id, letters: frozen, run: null }
  model.plans.push(plan)
  return plan
}

export const starts: fc.Arbitrary<Command> = fc
  .record({ pick: fc.nat(3), isMistaken: fc.nat(9).map((one) => one === 0) })
  .map(({ pick, isMistaken }) =>
    command(`start ${pick}${isMistaken ? ' with a wrong number' : ''}`, {
      when: (model) => model.plans.length > 0,
      // The newest first: older ones are stale more often.
      run: (model, real) => startPlan(model, real, { plan: picked(model.plans.toReversed(), pick), isMistaken }),
    }),
  )

export async function startPlan(
  model: Model,
  real: Real,
  { plan, isMistaken }: { readonly plan: ModelPlan; readonly isMistaken: boolean },
): Promise<void> {
  const expect = plan.letters.length + (isMistaken ? 1 : 0)
  const refusal = refusalOf(plan, isMistaken)
  let id = ''
  const work = startRun(real.office.store, { plan: plan.id, by: who.by, expect }).then((run) => {
    id = run
    real.runs.push(run)
  })
  await refusedWith(refusal, work)
  if (refusal !== null) return
  plan.run = { id, plan, state: 'running', marks: [], evidence: new Map(), closed: new Set() }
  model.runs.push(plan.run)
  for (const { letter } of plan.letters) move(letter, 'open', 'replaying')
}

function refusalOf({ letters, run }: ModelPlan, isMistaken: boolean): string | null {
  if (letters.length === 0) return 'REQUEST_INVALID'
  if (isMistaken) return 'PLAN_STALE'
  if (run !== null) return 'STATE_CONFLICT'
  return letters.every(({ letter, revision }) => letter.state === 'open' && letter.revision === revision)
    ? null
    : 'PLAN_STALE'
}

const fates = fc.array(
  fc.constantFrom<Fate>('sent', 'sent', 'sent', 'refused', 'late', 'doubted', 'vanished', 'broken'),
  { minLength: 4, maxLength: 4 },
)

/** The oldest run goes on, until it is over or somebody stops it while a batch is being sent. */
export const sends: fc.Arbitrary<Command> = fc
  .record({
    fates,
    stop: fc.constantFrom(null, null, 'pause' as const, 'cancel' as const),
    inBatch: fc.nat(2),
  })
  .map(({ stop, inBatch, ...given }) =>
    command(`send [${given.fates}]${stop === null ? '' : `, ${stop} in batch ${inBatch}`}`, {
      when: (model) => nextRun(model) !== undefined,
      async run(model, real) {
        const run = nextRun(model)
        if (run === undefined) return
        const lease = await taken(real, run)
        const { store, brokers, clock } = real.office
        const from = run.marks.length
        const batchOf = (ordinal: number): number => Math.floor((ordinal - from) / batchSize)
        const fateOf = (ordinal: number): Fate => {
          const fate = picked(given.fates, ordinal)
          // Nothing is tried again once somebody stopped the run.
          return stop !== null && fate === 'late' && batchOf(ordinal) === inBatch ? 'refused' : fate
        }
        const send = sender(real, fateOf)
        const stopped = new AbortController()
        let batches = 0
        real.office.onSend = async (place, messages) => {
          const batch = batchOf(ordinalOf(messages[0]?.uniqueId ?? ''))
          batches = Math.max(batches, batch + 1)
          if (stop !== null && batch === inBatch) {
            await (stop === 'pause' ? pauseRun : cancelRun)(store, { run: run.id, ...who })
            // As the replayer does when it sees that. A batch that was claimed before is put back.
            stopped.abort()
          }
          return send(place, messages)
        }
        const end = await carryOut(lease, { store, brokers, clock, signal: stopped.signal })
        const upTo = sendModel(model, run, { fateOf, from, batches: stop === null ? Infinity : inBatch + 1 })
        const isStopped = stop !== null && batches > inBatch
        if (isStopped) {
          run.state = stop === 'pause' ? 'paused' : 'cancelled'
          if (stop === 'cancel') openRest(run)
          // That nothing is left may have been known before somebody stopped it.
          if (end === 'done') assert.equal(await finishRun(store, lease), false)
          else assert.equal(end, 'stopped')
          assert.ok(end === 'stopped' || upTo === run.plan.letters.length)
          await giveBack(store, lease)
          return
        }
        assert.equal(upTo, run.plan.letters.length)
        assert.equal(end, 'done')
        assert.equal(await finishRun(store, lease), true)
        run.state = 'done'
      },
    }),
  )

/** @returns the first ordinal that is left */
function sendModel(
  model: Model,
  run: ModelRun,
  how: { readonly fateOf: (ordinal: number) => Fate; readonly from: number; readonly batches: number },
): number {
  const { letters } = run.plan
  const end = Math.min(letters.length, how.from + how.batches * batchSize)
  for (let from = how.from; from < end; from += batchSize) {
    const ordinals = Array.from({ length: Math.min(batchSize, letters.length - from) }, (_, at) => from + at)
    const fateOf = arrive(model, run, ordinals, how.fateOf)
    for (const ordinal of ordinals) settle(run, ordinal, fateOf(ordinal))
  }
  return end
}

/** What the broker has of a batch then. @returns what its sender believes of each */
function arrive(
  model: Model,
  run: ModelRun,
  ordinals: readonly number[],
  fateOf: (ordinal: number) => Fate,
): (ordinal: number) => 's' | 'n' | 'u' {
  if (ordinals.some((ordinal) => fateOf(ordinal) === 'broken')) return () => 'u'
  const meaning = (ordinal: number) => {
    const fate = fateOf(ordinal)
    return meaningOf[fate === 'broken' ? 'vanished' : fate]
  }
  for (const ordinal of ordinals) {
    const planned = run.plan.letters[ordinal]
    if (planned !== undefined && meaning(ordinal).arrives)
      model.arrived.push({ run, ordinal, body: planned.body, marked: planned.letter.marked })
  }
  return (ordinal) => meaning(ordinal).mark
}

/** Whoever sends dies with a batch in hand; meanwhile a receipt may come and somebody may stop the run. The next one takes it up. */
export const deaths: fc.Arbitrary<Command> = fc
  .record({
    fates,
    isSent: fc.boolean(),
    receipt: fc.constantFrom(null, null, 'handled', 'failed'),
    stop: fc.constantFrom(null, null, 'pause' as const, 'cancel' as const),
  })
  .map(({ isSent, receipt, stop, ...given }) =>
    command(
      `die ${isSent ? `after a send [${given.fates}]` : 'before a send'}${receipt === null ? '' : `, receipt ${receipt}`}${stop === null ? '' : `, ${stop}`}`,
      {
        when: (model) => nextRun(model) !== undefined,
        async run(model, real) {
          const run = nextRun(model)
          if (run === undefined) return
          const { store, brokers, clock } = real.office
          await clock.sleep(0)
          const lease = await taken(real, run)
          const claim = await claimNext(store, lease)
          const from = run.marks.length
          if (claim.kind !== 'claimed') {
            assert.equal(claim.kind, 'end')
            assert.equal(from, run.plan.letters.length)
            await giveBack(store, lease)
            return
          }
          const ordinals = Array.from({ length: claim.toOrdinal - from }, (_, at) => from + at)
          assert.equal(ordinals.length, Math.min(batchSize, run.plan.letters.length - from))
          for (const ordinal of ordinals) run.marks[ordinal] = 'p'
          const fateOf = (ordinal: number): Fate => picked(given.fates, ordinal)
          if (isSent) {
            real.office.onSend = sender(real, fateOf)
            const letters = await lettersOf(store, lease, claim)
            await sendBatch(letters, { brokers, clock, signal: new AbortController().signal })
            arrive(model, run, ordinals, fateOf)
          }
          if (receipt !== null) await sayReceipt(model, real, { run, ordinal: from, result: receipt })
          if (stop !== null) {
            await (stop === 'pause' ? pauseRun : cancelRun)(store, { run: run.id, ...who })
            run.state = stop === 'pause' ? 'paused' : 'cancelled'
            if (stop === 'cancel') openRest(run)
          }
          await giveBack(store, lease)
          const next = await takeRun(store)
          assert.equal(next?.runId, run.id, 'the run is taken up by somebody else')
          for (const ordinal of ordinals) settle(run, ordinal, 'u')
          if (next !== null) await giveBack(store, next)
        },
      },
    ),
  )

async function taken({ office }: Real, run: ModelRun) {
  const lease = await takeRun(office.store)
  assert.equal(lease?.runId, run.id, 'the oldest run is taken')
  if (lease === null) throw new Error('no run was taken')
  return lease
}

const changes = {
  pause: { from: ['running'], to: 'paused', work: pauseRun },
  resume: { from: ['paused'], to: 'running', work: resumeRun },
  cancel: { from: ['running', 'paused'], to: 'cancelled', work: cancelRun },
} as const

export const stops: fc.Arbitrary<Command> = fc
  .record({ pick: fc.nat(3), what: fc.constantFrom('pause' as const, 'resume' as const, 'cancel' as const) })
  .map(({ pick, what }) =>
    command(`${what} ${pick}`, {
      when: ({ runs }) => runs.length > 0,
      async run(model, real) {
        const run = picked(model.runs, pick)
        const { from, to, work } = changes[what]
        const isRefused = !(from as readonly string[]).includes(run.state)
        await refusedWith(isRefused ? 'STATE_CONFLICT' : null, work(real.office.store, { run: run.id, ...who }))
        if (isRefused) return
        run.state = to
        if (what === 'cancel') openRest(run)
      },
    }),
  )

/** Nobody waits for outcomes any longer. */
export const closings: fc.Arbitrary<Command> = fc.constant(
  command('close the windows', {
    when: ({ runs }) => runs.length > 0,
    async run(model, { office }) {
      await closeWindows(office.store, 0)
      for (const { marks, closed } of model.runs) for (const ordinal of marks.keys()) closed.add(ordinal)
    },
  }),
)
