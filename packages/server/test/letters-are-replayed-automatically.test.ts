import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeTrafficReport } from '@redrive/worker'
import { resumeAutomatic, stopAutomatic, watchAutomatic } from '../src/automatic/index.ts'
import { acknowledgeCause, fixCause, followCauses, listCauses, reopenCause, snoozeCause } from '../src/causes/index.ts'
import { discardLetters } from '../src/letters/index.ts'
import { editLetter } from '../src/repair/index.ts'
import { cancelRun, pauseRun } from '../src/replay/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { openStore, type Store } from '../src/store/store.ts'
import { type AutomaticBed, automaticBed, healthy } from './automatic-bed.ts'
import { lane, until, uuidOf } from './office-bed.ts'

const fixed = { permanent: { when: 'fixed', after: '0s', pace: 1_000 } } as const
const by = 'ann'

async function onlyCause(bed: AutomaticBed): Promise<string> {
  const { causes } = await listCauses(bed.store)
  assert.equal(causes.length, 1)
  return causes[0]?.id ?? ''
}

async function actions(bed: AutomaticBed, like: string): Promise<readonly string[]> {
  const { rows } = await bed.store.pool.query<{ said: string }>(
    `select actor || ' ' || action as said from audit where action like $1 order by id`,
    [like],
  )
  return rows.map(({ said }) => said)
}

test('a sick backend gets a canary at a time, ever more slowly; once it is healthy the rest follows and is confirmed', async (t) => {
  // A letter may be in the canary each time.
  const bed = await automaticBed(t, { transient: { ...healthy.transient, times: 4 } })
  bed.backend.isSick = true
  await bed.letters(20)
  const gaps: number[] = []
  for (let round = 1; round <= 3; round += 1) {
    const { started } = await bed.look()
    assert.equal(started.length, 1)
    assert.match(await bed.settled(), /^failed: \d of 5 canary letters died again/)
    const { state, why, nextAt, failures } = await bed.view()
    assert.deepEqual([state, failures], ['backing-off', round])
    assert.match(why, round === 1 ? /its last run failed/ : /its last \d runs failed/)
    gaps.push(Math.round((Date.parse(nextAt ?? '') - Date.now()) / 60_000))
    assert.equal(bed.backend.calls, round * 5, 'only the canary was sent')
    assert.deepEqual((await bed.look()).started, [], 'nothing before the gap is over')
    await until('all are open', async () => ((await bed.states())['open'] === 20 ? true : undefined))
    await bed.rested()
    await bed.gapIsOver()
  }
  assert.deepEqual(gaps, [5, 10, 20])
  bed.backend.isSick = false
  assert.equal((await bed.look()).started.length, 1)
  assert.match(await bed.settled(), /^passed: /)
  const { failures, state } = await bed.view()
  assert.deepEqual([failures, state], [0, 'waiting'])
  const last = (await bed.runs()).at(-1)
  assert.deepEqual([last?.verdict, last?.startedBy, last?.outcomes.confirmed], ['pass', 'policy', 20])
  await bed.balanced()
})

test('a run says who began it and why, in its plan and in the audit trail', async (t) => {
  const bed = await automaticBed(t)
  await bed.letters(3)
  await bed.look()
  await bed.settled()
  const { rows } = await bed.store.pool.query('select created_by, reason, canary from plan')
  assert.deepEqual(rows, [
    { created_by: 'policy', reason: 'automatic replay: orders, transient, while healthy', canary: 2 },
  ])
  assert.deepEqual(await actions(bed, 'run.start'), ['policy run.start'])
})

test('nothing is sent without a person unless somebody said so', async (t) => {
  const bed = await automaticBed(t, {})
  await bed.letters(2)
  await bed.letters(2, { tier: 'permanent' })
  assert.deepEqual(await bed.look(), { settled: [], started: [] })
  assert.deepEqual(await bed.states(), { open: 4 })
})

test('malformed letters are never sent by themselves, whatever the database says', async (t) => {
  const bed = await automaticBed(t, { malformed: { when: 'healthy', after: '0s' } })
  await bed.letters(2, { tier: 'malformed' })
  await bed.store.pool.query(
    `insert into queue_document (queue, field, origin, value, said_by) values ('orders', 'tiers.malformed.replay.when', 'api', 'fixed', 'x')`,
  )
  assert.deepEqual((await bed.look()).started, [])
  assert.equal((await bed.view()).state, 'by-hand')
})

test('an address decides before anything is sent, and is asked only when there is something to send', async (t) => {
  const url = 'http://inventory.example/health'
  const bed = await automaticBed(t, { transient: { ...healthy.transient, healthUrl: url } })
  await bed.look()
  await bed.letters(3)
  const asked: string[] = []
  const answer = (isHealthy: boolean) => async (of: string) => {
    asked.push(of)
    return isHealthy ? ({ isHealthy } as const) : ({ isHealthy, problem: 'inventory.example answered 503' } as const)
  }
  assert.deepEqual((await bed.look({ ask: answer(false) })).started, [])
  const sick = await bed.view()
  assert.match(sick.why, /its backend is not healthy: inventory.example answered 503/)
  assert.ok(sick.unhealthySince !== null)
  assert.equal(bed.backend.calls, 0)
  assert.equal((await bed.look({ ask: answer(true) })).started.length, 1)
  assert.match(await bed.settled(), /^passed/)
  assert.equal((await bed.view()).unhealthySince, null)
  assert.deepEqual(asked, [url, url])
})

test('the bound of an hour holds over runs, and over a restart', async (t) => {
  const bed = await automaticBed(t, { transient: { ...healthy.transient, perHour: 6 } })
  await bed.letters(10)
  await bed.look()
  await bed.settled()
  assert.deepEqual(await bed.states(), { open: 4, replayed: 6 })
  await bed.gapIsOver()
  const { store, close } = await another(bed)
  try {
    assert.deepEqual((await bed.look({ store })).started, [])
    assert.match((await bed.view()).why, /6 letters were sent within the last hour/)
    await bed.minutesLater(59)
    assert.deepEqual((await bed.look({ store })).started, [])
    await bed.minutesLater(2)
    assert.equal((await bed.look({ store })).started.length, 1)
  } finally {
    await close()
  }
  await bed.settled()
  assert.deepEqual(await bed.states(), { replayed: 10 })
})

test('a letter that was captured a moment ago waits', async (t) => {
  const bed = await automaticBed(t, { transient: { ...healthy.transient, after: '5m' } })
  await bed.letters(2)
  assert.deepEqual((await bed.look()).started, [])
  assert.match((await bed.view()).why, /2 not long enough ago/)
})

test('a letter goes no more often than it may, over all that it became; others go on', async (t) => {
  const bed = await automaticBed(t, { transient: { ...healthy.transient, times: 2, stopAfter: 100 } })
  bed.backend.isSick = true
  await bed.letters(1)
  for (let round = 0; round < 2; round += 1) {
    assert.equal((await bed.look()).started.length, 1)
    assert.match(await bed.settled(), /^failed: 1 of 1 letters died again/)
    await until('it is back', async () => ((await bed.states())['open'] === 1 ? true : undefined))
    await bed.rested()
    await bed.gapIsOver()
  }
  assert.deepEqual((await bed.look()).started, [])
  assert.match((await bed.view()).why, /1 sent by themselves as often as may be/)
  bed.backend.isSick = false
  await bed.letters(1)
  assert.equal((await bed.look()).started.length, 1)
  assert.equal(await bed.settled(), 'passed: 1 of 1 letters were handled')
  assert.equal((await bed.states())['open'], 1)
})

test('a letter that died too often is left out, as of every plan', async (t) => {
  const bed = await automaticBed(t, { transient: { ...healthy.transient, times: 100 } })
  await bed.letters(2)
  await bed.store.pool.query('update letter_content set hops = 6')
  assert.deepEqual((await bed.look()).started, [])
  assert.match((await bed.view()).why, /2 died too often/)
})

test('letters of causes that a person acknowledged or snoozed are left to them', async (t) => {
  const bed = await automaticBed(t)
  await bed.letters(2)
  const cause = await onlyCause(bed)
  await acknowledgeCause(bed.store, { cause, by })
  assert.deepEqual((await bed.look()).started, [])
  assert.match((await bed.view()).why, /2 of causes that a person acknowledged or snoozed/)
  await snoozeCause(bed.store, { cause, by, letters: 100, reason: 'later' })
  assert.deepEqual((await bed.look()).started, [])
  await reopenCause(bed.store, { cause, by, reason: 'now' })
  assert.equal((await bed.look()).started.length, 1)
})

test('a letter that somebody edited is left to them', async (t) => {
  const bed = await automaticBed(t)
  const [edited = ''] = await bed.letters(2)
  await editLetter(bed.store, {
    letter: showLetterId(edited),
    change: { body: { text: 'mended' } },
    by,
    reason: 'a typo',
  })
  await bed.look()
  await bed.settled()
  assert.deepEqual(await bed.states(), { open: 1, replayed: 1 })
})

test('what the broker did not take does not count as sent, neither of the letter nor of the hour', async (t) => {
  const bed = await automaticBed(t, { transient: { ...healthy.transient, times: 1, perHour: 2 } })
  const { send } = bed.broker
  bed.broker.send = async (place, messages) =>
    place === lane
      ? messages.map(() => ({ kind: 'not-sent', reason: 'the queue is full', retryable: true }))
      : send.call(bed.broker, place, messages)
  await bed.letters(2)
  await bed.look()
  assert.match(await bed.settled(), /^failed: /)
  await until('both are open', async () => ((await bed.states())['open'] === 2 ? true : undefined))
  assert.equal((await bed.view()).sentInHour, 0)
  bed.broker.send = send
  await bed.gapIsOver()
  assert.equal((await bed.look()).started.length, 1)
  assert.match(await bed.settled(), /^passed: 2 of 2/)
})

test('silence is no success: a canary of which nobody speaks fails the run, which does not wait for a person', async (t) => {
  const bed = await automaticBed(t)
  bed.backend.isSilent = true
  await bed.letters(8)
  await bed.look()
  await bed.store.pool.query('update plan set verdict_seconds = 1')
  assert.match(await bed.settled(), /^failed: nobody said within 1 s what became of 5 of 5 canary letters/)
  assert.equal((await bed.runs())[0]?.state, 'cancelled')
  assert.deepEqual(await bed.states(), { open: 3, replayed: 5 })
  assert.equal((await bed.view()).state, 'backing-off')
  bed.speaks()
})

test('an office does all of this by itself, and tells of it', async (t) => {
  const bed = await automaticBed(t)
  const told: string[] = []
  await bed.letters(7)
  const watch = watchAutomatic(bed.store, {
    ...{ tiers: healthy, brokers: bed.brokers, everyMs: 20 },
    tell: (line) => told.push(line),
    onStarted: () => told.push('woken'),
  })
  try {
    await until('all are confirmed', () => (told.length === 3 ? true : undefined))
  } finally {
    await watch.stop()
  }
  assert.match(
    told.join('\n'),
    /^automatic replay (r_\w+): started for orders, transient\nwoken\nautomatic replay \1: passed: 7 of 7 letters were handled$/,
  )
  assert.deepEqual(await bed.states(), { replayed: 7 })
})

test('letters of a permanent failure go once their cause was fixed, and not when it came back', async (t) => {
  const bed = await automaticBed(t, fixed)
  await bed.letters(3, { tier: 'permanent' })
  assert.deepEqual((await bed.look()).started, [])
  assert.match((await bed.view()).why, /3 of causes that nobody fixed/)
  const cause = await onlyCause(bed)
  await fixCause(bed.store, { cause, by, note: 'deployed' })
  await bed.letters(1, { tier: 'permanent' })
  assert.deepEqual((await bed.look()).started, [], 'nobody looked yet whether it is back')
  await followCauses(bed.store)
  assert.deepEqual((await bed.look()).started, [])
  assert.match((await bed.view()).why, /4 of causes that came back after a fix/)
  await fixCause(bed.store, { cause, by, note: 'really' })
  assert.equal((await bed.look()).started.length, 1)
  assert.match(await bed.settled(), /^passed: 4 of 4/)
})

test('letters of a cause fixed in a release go once it, or a newer one, was seen at work', async (t) => {
  const bed = await automaticBed(t, fixed)
  await bed.letters(2, { tier: 'permanent', release: '1.4.0' })
  await fixCause(bed.store, { cause: await onlyCause(bed), by, release: '1.4.1' })
  assert.deepEqual((await bed.look()).started, [])
  assert.match((await bed.view()).why, /2 of causes fixed in a release that was not seen yet/)
  await seen(bed, '1.4.1-rc.1')
  assert.deepEqual((await bed.look()).started, [])
  await seen(bed, '1.5.0')
  assert.equal((await bed.look()).started.length, 1)
})

test('a cancel of a run stops its policy until somebody resumes it; a pause is left alone', async (t) => {
  const bed = await automaticBed(t, { transient: { ...healthy.transient, pace: 1 } })
  await bed.letters(10)
  const [run = ''] = (await bed.look()).started.map(({ run: id }) => id)
  await pauseRun(bed.store, { run: uuidOf(run), by, reason: 'wait' })
  await bed.gapIsOver()
  assert.deepEqual(await bed.look(), { settled: [], started: [] })
  const paused = await bed.view()
  assert.deepEqual([paused.state, paused.why], ['running', `${run} is paused (paused by ann: wait)`])
  await cancelRun(bed.store, { run: uuidOf(run), by, reason: 'not today' })
  assert.match(await bed.settled(), /^cancelled: cancelled by ann/)
  await bed.gapIsOver()
  assert.deepEqual((await bed.look()).started, [])
  const stopped = await bed.view()
  assert.equal(stopped.state, 'stopped')
  assert.match(stopped.why, /^stopped by ann: r_\w+ was cancelled: not today/)
  await resumeAutomatic(bed.store, { queue: 'orders', tier: 'transient', by, reason: 'now' })
  assert.equal((await bed.look()).started.length, 1)
  assert.deepEqual(await actions(bed, 'automatic.%'), ['ann automatic.stop', 'ann automatic.resume'])
})

test('a stop ends the run that goes on: nothing is sent after it, and what was not sent is open', async (t) => {
  const bed = await automaticBed(t, { transient: { ...healthy.transient, pace: 1 } })
  await bed.letters(10)
  await bed.look()
  await stopAutomatic(bed.store, { queue: 'orders', tier: 'transient', by, reason: 'a migration' })
  await bed.gapIsOver()
  assert.deepEqual(await bed.look(), { settled: [], started: [] })
  assert.equal((await bed.runs())[0]?.state, 'cancelled')
  await until('nothing is replaying', async () => ((await bed.states())['replaying'] === undefined ? true : undefined))
  await assert.rejects(stopAutomatic(bed.store, { queue: 'orders', tier: 'transient', by, reason: 'x' }), {
    code: 'STATE_CONFLICT',
  })
  await assert.rejects(stopAutomatic(bed.store, { queue: 'nowhere', tier: 'transient', by, reason: 'x' }), {
    code: 'NOT_FOUND',
  })
  await assert.rejects(resumeAutomatic(bed.store, { queue: 'orders', tier: 'timeout', by, reason: 'x' }), {
    code: 'STATE_CONFLICT',
  })
  await bed.balanced()
})

test('a stop while a run begins waits for it, and ends it: nothing begins after its answer', async (t) => {
  const bed = await automaticBed(t, { transient: { ...healthy.transient, pace: 1 } })
  await bed.letters(10)
  // What its first row would make wait.
  await bed.store.pool.query(`insert into automatic_replay (queue, tier) values ('orders', 'transient')`)
  let stop: Promise<unknown> | undefined
  let isAnswered = false
  const meanwhile = beforeStatements(bed.store, async (text) => {
    if (text !== 'savepoint planning') return
    stop = stopAutomatic(bed.store, { queue: 'orders', tier: 'transient', by, reason: 'a migration' }).then(
      () => (isAnswered = true),
    )
    await until('it waits or is through', async () => {
      const { rowCount } = await bed.store.pool.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      return isAnswered || rowCount === 1 ? true : undefined
    })
  })
  await bed.look({ store: meanwhile })
  await stop
  assert.deepEqual(
    (await bed.runs()).map(({ state }) => state),
    ['cancelled'],
  )
  assert.equal((await bed.view()).state, 'stopped')
})

test('after so many failed runs in a row the policy stops itself until a person resumes it', async (t) => {
  const bed = await automaticBed(t, { transient: { ...healthy.transient, stopAfter: 2 } })
  bed.backend.isSick = true
  await bed.letters(8)
  for (let round = 0; round < 2; round += 1) {
    assert.equal((await bed.look()).started.length, 1)
    await bed.settled()
    await until('all are open', async () => ((await bed.states())['open'] === 8 ? true : undefined))
    await bed.rested()
    await bed.gapIsOver()
  }
  assert.deepEqual((await bed.look()).started, [])
  const { state, stopped } = await bed.view()
  assert.equal(state, 'stopped')
  assert.equal(stopped?.by, 'policy')
  assert.match(stopped?.why ?? '', /^2 runs in a row failed, at last: \d of 5 canary letters died again/)
  bed.backend.isSick = false
  await resumeAutomatic(bed.store, { queue: 'orders', tier: 'transient', by, reason: 'the disk is new' })
  assert.equal((await bed.view()).failures, 0)
  assert.equal((await bed.look()).started.length, 1)
  assert.match(await bed.settled(), /^passed/)
})

test('any number of offices begin one run', async (t) => {
  const bed = await automaticBed(t, { transient: { ...healthy.transient, pace: 1 } })
  await bed.letters(10)
  // The first of all would wait for each other by the row that they make.
  await bed.store.pool.query(`insert into automatic_replay (queue, tier) values ('orders', 'transient')`)
  const { store, close } = await another(bed)
  try {
    const looks = await Promise.all(Array.from({ length: 12 }, (_, at) => bed.look(at % 2 === 0 ? {} : { store })))
    assert.equal(looks.flatMap(({ started }) => started).length, 1)
    assert.equal((await bed.runs()).length, 1)
    const second = `insert into automatic_run (run_id, queue, tier) values (gen_random_uuid(), 'orders', 'transient')`
    await assert.rejects(bed.store.pool.query(second), { code: '23505' }, 'whatever the code thinks')
  } finally {
    await close()
  }
})

test('a crash anywhere while a run begins leaves nothing of it, and the next look begins one', async (t) => {
  const bed = await automaticBed(t)
  await bed.letters(3)
  let statements = 0
  const counted = crashing(bed.store, () => {
    statements += 1
    return false
  })
  // Counted on a look that begins nothing in the end.
  await assert.rejects(bed.look({ store: crashing(bed.store, (text) => text.startsWith('insert into automatic_run')) }))
  await assert.rejects(
    bed.look({ store: crashing(counted, (text) => text.startsWith('update automatic_replay set problem')) }),
  )
  assert.ok(statements > 10)
  for (let at = 1; at <= statements; at += 1) {
    let now = 0
    await assert.rejects(
      bed.look({ store: crashing(bed.store, () => (now += 1) === at) }),
      /a crash/,
      `statement ${at}`,
    )
    const { rows } = await bed.store.pool.query(
      'select (select count(*)::int from plan) as plans, (select count(*)::int from run) as runs, (select count(*)::int from automatic_run) as begun',
    )
    assert.deepEqual(rows, [{ plans: 0, runs: 0, begun: 0 }])
  }
  assert.deepEqual(await bed.states(), { open: 3 })
  assert.equal((await bed.look()).started.length, 1)
  assert.match(await bed.settled(), /^passed: 3 of 3/)
})

test('when somebody is quicker with one of the letters none is sent yet', async (t) => {
  const bed = await automaticBed(t)
  const [first = ''] = await bed.letters(3)
  const quicker = beforeStatements(bed.store, async (text) => {
    if (text !== 'savepoint planning') return
    await discardLetters(bed.store, {
      selection: { letters: [showLetterId(first)] },
      ...{ by, reason: 'not worth it', nowMs: Date.now() },
    })
  })
  assert.deepEqual((await bed.look({ store: quicker })).started, [])
  const { rows } = await bed.store.pool.query('select (select count(*)::int from plan) as plans')
  assert.deepEqual(rows, [{ plans: 0 }])
  assert.equal((await bed.view()).why, 'its last plan left out some of 3 letters: 1 not-open')
  await bed.gapIsOver()
  assert.equal((await bed.look()).started.length, 1)
  assert.match(await bed.settled(), /^passed: 2 of 2/)
})

/** A second office on the same database. */
async function another(bed: AutomaticBed): Promise<{ readonly store: Store; close(): Promise<void> }> {
  const store = await openStore({ url: bed.url, allowUnsafe: true })
  return { store, close: () => store.close() }
}

/** A store whose transactions end at a statement of theirs. */
function crashing(store: Store, isAt: (text: string) => boolean): Store {
  return beforeStatements(store, async (text) => {
    if (isAt(text)) throw new Error('a crash')
  })
}

/** A store in whose transactions something happens before each statement. */
function beforeStatements(store: Store, work: (text: string) => Promise<void>): Store {
  return {
    ...store,
    transaction: (inner, how) =>
      store.transaction((client) => {
        const proxy = new Proxy(client, {
          get: (target, name) => {
            const value = Reflect.get(target, name) as unknown
            if (name !== 'query') return typeof value === 'function' ? value.bind(target) : value
            return (first: string | { text?: string }, ...rest: unknown[]) => {
              const query = () => (value as (...all: unknown[]) => unknown).call(target, first, ...rest)
              // Streams are given as they are.
              const text = typeof first === 'string' ? first : first.text
              return text === undefined ? query() : work(text).then(query)
            }
          },
        })
        return inner(proxy)
      }, how),
  }
}

/** A worker says that it handled something under a release. */
async function seen(bed: AutomaticBed, release: string): Promise<void> {
  const nowMs = Date.now()
  const body = encodeTrafficReport({
    id: crypto.randomUUID(),
    ...{ queue: 'orders', consumer: 'reefer', fromMs: nowMs - 60_000, toMs: nowMs },
    ...{ handled: 1, retried: 0, discarded: 0, skipped: 0, died: {} },
    worker: { service: 'reefer', release, host: 'web-1' },
    samples: [{ partition: null, headers: [], body: null }],
  })
  await bed.broker.send('redrive-receipts', [{ message: { key: null, body: Buffer.from(body), headers: [] } }])
  await until('it is read', async () => {
    const { rowCount } = await bed.store.pool.query('select from traffic_sample where content like $1', [
      `%"${release}"%`,
    ])
    return rowCount === 0 ? undefined : true
  })
}
