import assert from 'node:assert/strict'
import { countLetters } from '../../packages/server/src/causes/count-letters.ts'
import { checkLedger } from '../../packages/server/src/ledger/index.ts'
import { showRun } from '../../packages/server/src/replay/index.ts'
import { replayIdOf } from '../../packages/server/src/replay/replay-id.ts'
import type { Model, ModelRun } from './model.ts'
import type { Real } from './real.ts'

/** The store, its books, its runs and the broker are what the model says. */
export async function checkAgainst(model: Model, real: Real): Promise<void> {
  await checkLetters(model, real)
  await checkBooks(model, real)
  await checkCounts(model, real)
  for (const run of model.runs) await checkRun(run, real)
  const arrived = model.arrived.map(({ run, ordinal, body, marked }) => ({
    replayId: replayIdOf(run.id, ordinal),
    body,
    marked,
  }))
  const inOrder = (all: Real['arrived']) => all.toSorted((a, b) => (a.replayId < b.replayId ? -1 : 1))
  assert.deepEqual(inOrder(real.arrived), inOrder(arrived), 'the broker has these replays')
}

async function checkLetters({ letters }: Model, { office, queue }: Real): Promise<void> {
  const { rows } = await office.store.pool.query(
    `select l.id, l.state::text, l.revision, l.version, o.state::text as outstanding,
       (select count(*)::int from letter_version where letter_id = l.id) as edits
     from letter l join queue q on q.id = l.queue_id left join outstanding o on o.queue_id = q.id and o.letter_id = l.id
     where q.name = $1 order by l.id`,
    [queue],
  )
  const expected = letters.map(({ id, state, revision, version, edits }) => ({
    id,
    state,
    revision,
    version,
    outstanding: state === 'open' || state === 'uncertain' ? state : null,
    edits: edits.length,
  }))
  assert.deepEqual(rows, expected, 'the letters are in these states')
}

async function checkBooks({ letters, deleted }: Model, { office, queue }: Real): Promise<void> {
  const { unaccounted, queues } = await checkLedger(office.store)
  assert.equal(unaccounted, 0, 'the books balance')
  const booked = queues
    .find((each) => each.queue === queue)
    ?.accounts.filter((account) => account.booked !== 0)
    .map((account) => [account.account, account.booked])
  const counted: [string, number][] = [...Map.groupBy(letters, ({ state }) => state)].map(([state, those]) => [
    state,
    those.length,
  ])
  if (deleted.length > 0) counted.push(['tombstone', deleted.length])
  assert.deepEqual(Object.fromEntries(booked ?? []), Object.fromEntries(counted), 'the books say these states')
}

async function checkCounts({ letters }: Model, { office, queue }: Real): Promise<void> {
  const { rows } = await office.store.pool.query<{ id: string }>(
    'select id::text from cause where queue_id = (select id from queue where name = $1)',
    [queue],
  )
  const counts = await countLetters(
    office.store.pool,
    rows.map(({ id }) => id),
  )
  const all: Record<string, number> = {}
  for (const states of counts.values())
    for (const [state, number] of Object.entries(states)) all[state] = (all[state] ?? 0) + number
  const counted = [...Map.groupBy(letters, ({ state }) => state)].map(([state, those]) => [state, those.length])
  assert.deepEqual(all, Object.fromEntries(counted), 'the counts of causes say these states')
}

async function checkRun(run: ModelRun, { office }: Real): Promise<void> {
  const { state, planned, progressed, sends, outcomes } = await showRun(office.store, run.id)
  const { marks, evidence, closed, plan } = run
  const count = (fits: (mark: string, ordinal: number) => boolean): number => marks.filter(fits).length
  const of = (outcome: string): number => [...evidence.values()].filter((each) => each === outcome).length
  const isSilent = (ordinal: number): boolean => !evidence.has(ordinal)
  assert.deepEqual(
    { state, planned, progressed, sends, outcomes },
    {
      state: run.state,
      planned: plan.letters.length,
      progressed: marks.length,
      sends: {
        intended: count((mark) => mark === 'p'),
        sent: count((mark) => mark === 's'),
        notSent: count((mark) => mark === 'n'),
        uncertain: count((mark) => mark === 'u'),
      },
      outcomes: {
        pending: count((mark, ordinal) => mark !== 'n' && isSilent(ordinal) && !closed.has(ordinal)),
        confirmed: of('confirmed'),
        returned: of('returned'),
        presumed: count((mark, ordinal) => mark === 's' && isSilent(ordinal) && closed.has(ordinal)),
        unknown: count((mark, ordinal) => mark === 'u' && closed.has(ordinal)),
      },
    },
    'the run shows this',
  )
}
