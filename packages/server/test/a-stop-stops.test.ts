import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRedriveError } from '@redrive/worker'
import { claimNext } from '../src/replay/claim.ts'
import { cancelRun, pauseRun, resumeRun } from '../src/replay/index.ts'
import { takeRun } from '../src/replay/leases.ts'
import { putBack } from '../src/replay/put-back.ts'
import { lane, type OfficeBed, officeBed, until, uuidOf } from './office-bed.ts'
import { recordingBroker } from './recording-broker.ts'

const letters = (count: number) => Array.from({ length: count }, (_, n) => ({ body: `letter ${n}` }))
const decision = (id: string) => ({ run: uuidOf(id), by: 'ann', reason: null })

/** Orders over HTTP, as an operator gives them; nobody wakes the replayer, as if it were on another node. */
async function operator(
  bed: OfficeBed,
): Promise<(what: string, id: string) => Promise<{ ms: number; run: { sends: { intended: number } } }>> {
  const { server, token } = await bed.http()
  return async (what, id) => {
    const startedMs = performance.now()
    const response = await fetch(`${server.url}/api/v1/runs/${id}/${what}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ by: 'ann' }),
    })
    const run = (await response.json()) as { sends: { intended: number } }
    assert.equal(response.status, 200, JSON.stringify(run))
    return { ms: performance.now() - startedMs, run }
  }
}

test('twenty pauses at random moments: after the answer not one letter is sent', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(1_500))
  const broker = recordingBroker(bed.broker)
  bed.replayer({ brokers: new Map([['memory', broker]]) })
  const order = await operator(bed)
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }, { control: { pace: 120 } }))
  for (let round = 0; round < 20; round++) {
    const atMs = Date.now() + Math.random() * 300
    await until('the moment', () => (Date.now() >= atMs ? true : undefined))
    const { run, ms } = await order('pause', id)
    assert.equal(run.sends.intended, 0)
    assert.ok(ms < 1_000, `pause ${round} took ${ms} ms`)
    const sent = broker.sentAtMs.length
    // Longer than a batch and a look for orders.
    const quietMs = Date.now() + 350
    await until('a quiet time', () => (Date.now() > quietMs ? true : undefined))
    assert.equal(broker.sentAtMs.length, sent, `letters sent after pause ${round}`)
    await order('resume', id)
  }
  await order('cancel', id)
  const sent = broker.sentAtMs.length
  assert.ok(sent > 0 && sent < 1_500, `${sent} were sent`)
  assert.deepEqual(await bed.states(), { open: 1_500 - sent, replayed: sent })
  await bed.balanced()
})

for (const pace of [1, 100_000]) {
  test(`a pause and a cancel are answered within a second at ${pace.toLocaleString('en')} letters a second`, async (t) => {
    const bed = await officeBed(t)
    await bed.captured(...letters(10_000))
    const ordered = Promise.withResolvers<void>()
    t.after(() => ordered.resolve())
    let batches = 0
    // However quick the machine is: the second batch is on its way when the order comes, and no more than the two behind it
    // may be claimed: the last one never is.
    const broker = recordingBroker(bed.broker, { before: async () => (++batches === 2 ? ordered.promise : undefined) })
    bed.replayer({ brokers: new Map([['memory', broker]]) })
    const order = await operator(bed)
    const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }, { control: { pace } }))
    await until('a second batch is on its way', () => (batches === 2 ? true : undefined))
    const pausing = order('pause', id)
    await until('it was ordered', async () => ((await bed.runOf(id)).state === 'paused' ? true : undefined))
    ordered.resolve()
    const paused = await pausing
    assert.ok(paused.ms < 1_000, `the pause took ${paused.ms} ms`)
    assert.equal(paused.run.sends.intended, 0)
    const sent = broker.sentAtMs.length
    assert.ok(sent < 10_000, `${sent} were sent`)
    await order('resume', id)
    await until('more were sent', () => (broker.sentAtMs.length > sent ? true : undefined))
    if (pace === 1) {
      const cancelled = await order('cancel', id)
      assert.ok(cancelled.ms < 1_000, `the cancel took ${cancelled.ms} ms`)
      assert.equal((await bed.states())['open'], 10_000 - broker.sentAtMs.length)
    }
  })
}

test('a cancel while a batch is on its way waits for it, and opens only what was not sent', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(40))
  const gate = Promise.withResolvers<void>()
  t.after(() => gate.resolve())
  const broker = recordingBroker(bed.broker, { before: () => gate.promise })
  bed.replayer({ brokers: new Map([['memory', broker]]) })
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }, { control: { pace: 40 } }))
  await until('a batch is on its way', () => (broker.sentAtMs.length > 0 ? true : undefined))
  await cancelRun(bed.store, decision(id))
  // As a rule one batch of ten; a slow machine may have claimed another before the cancel came.
  const { intended } = (await bed.runOf(id)).sends
  assert.ok(intended >= 10 && intended < 40, String(intended))
  gate.resolve()
  const after = await until('nothing is on its way', async () => {
    const run = await bed.runOf(id)
    return run.sends.intended === 0 ? run : undefined
  })
  assert.equal(after.state, 'cancelled')
  assert.equal(after.sends.sent, intended)
  assert.equal(broker.sentAtMs.length, intended)
  assert.deepEqual(await bed.states(), { open: 40 - intended, replayed: intended })
  await bed.balanced()
})

for (const stop of [pauseRun, cancelRun]) {
  const state = stop === pauseRun ? 'paused' : 'cancelled'
  test(`its holder dies with an intent while a run is ${state}: those letters are uncertain, none is lost`, async (t) => {
    const bed = await officeBed(t)
    await bed.captured(...letters(12))
    const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }, { control: { pace: 20 } }))
    const lease = await takeRun(bed.store)
    assert.ok(lease)
    const claim = await claimNext(bed.store, lease)
    assert.ok(claim.kind === 'claimed' && claim.toOrdinal === 5)
    // Dead: from here on it does nothing.
    await stop(bed.store, decision(id))
    await bed.store.pool.query('update run set lease_until = now()')
    bed.replayer({ quietSeconds: 3_600 })
    const run = await until('it is settled', async () => {
      const view = await bed.runOf(id)
      return view.sends.intended === 0 ? view : undefined
    })
    assert.deepEqual([run.state, run.sends.uncertain, run.sends.sent], [state, 5, 0])
    assert.deepEqual(await bed.states(), { uncertain: 5, [state === 'paused' ? 'replaying' : 'open']: 7 })
    await bed.balanced()
  })
}

test('what cannot be stopped or resumed says so', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(4))
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }))
  const refused = (work: Promise<void>, text: RegExp) =>
    assert.rejects(
      work,
      (error) => isRedriveError(error, 'STATE_CONFLICT') && text.test(error.message) && error.hint !== undefined,
    )
  await refused(resumeRun(bed.store, decision(id)), /The run is running; it cannot be resumed/)
  await pauseRun(bed.store, { ...decision(id), reason: 'lunch' })
  await refused(pauseRun(bed.store, decision(id)), /The run is paused \(paused by ann: lunch\); it cannot be paused/)
  await resumeRun(bed.store, decision(id))
  bed.replayer()
  await until('it is done', async () => ((await bed.runOf(id)).state === 'done' ? true : undefined))
  for (const [what, text] of [
    [pauseRun, /The run is done; it cannot be paused/],
    [resumeRun, /The run is done; it cannot be resumed/],
    [cancelRun, /The run is done; it cannot be cancelled/],
  ] as const)
    await refused(what(bed.store, decision(id)), text)
  const next = await officeBed(t)
  await next.captured(...letters(2))
  const other = await next.run(await next.plan({ query: 'queue:orders' }))
  await cancelRun(next.store, decision(other.id))
  await refused(
    resumeRun(next.store, decision(other.id)),
    /The run is cancelled \(cancelled by ann\); it cannot be resumed/,
  )
  await refused(cancelRun(next.store, decision(other.id)), /it cannot be cancelled/)
})

test('a run that is paused while its last letters are sent is given back, and over soon after it is resumed', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(2))
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }))
  const broker = recordingBroker(bed.broker, {
    async before() {
      // By then the office knows that nothing is left to be claimed: that takes three of these.
      for (let trip = 0; trip < 50; trip++) await bed.store.pool.query('select 1')
      await pauseRun(bed.store, decision(id))
    },
  })
  bed.replayer({ brokers: new Map([['memory', broker]]) })
  await until('it is paused, and all was sent', async () => {
    const { state, sends } = await bed.runOf(id)
    return state === 'paused' && sends.sent === 2 ? true : undefined
  })
  await resumeRun(bed.store, decision(id))
  const resumedMs = performance.now()
  await until('it is done', async () => ((await bed.runOf(id)).state === 'done' ? true : undefined))
  assert.ok(performance.now() - resumedMs < 10_000, 'nobody waits for the end of a lease, which is 20 s')
  await bed.balanced()
})

test('what was claimed ahead when a run stops is sent when it goes on, each once and in its order', async (t) => {
  const bed = await officeBed(t)
  // More than a start takes at a time, in six batches, and a pace that holds none of them up.
  await bed.captured(...letters(10_500))
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }, { control: { pace: 100_000 } }))
  const [begun, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const before = () => {
    begun.resolve()
    return release.promise
  }
  bed.replayer({ brokers: new Map([['memory', recordingBroker(bed.broker, { before })]]) })
  const claimed = () => bed.store.pool.query('select from intent where noted_at is null')
  try {
    await until('two are claimed beside the one that is sent', async () =>
      (await claimed()).rowCount === 3 ? true : undefined,
    )
    await begun.promise
    const fromMs = performance.now()
    await pauseRun(bed.store, decision(id))
    // It looks for orders four times a second, before it sends.
    await until('it looks before the next batch', () => (performance.now() - fromMs > 300 ? true : undefined))
  } finally {
    release.resolve()
  }
  await until('nothing is claimed any more', async () => ((await claimed()).rowCount === 0 ? true : undefined))
  const { state, sends } = await bed.runOf(id)
  assert.equal(state, 'paused')
  assert.equal(sends.sent, 2_000, 'only what was on its way')
  await resumeRun(bed.store, decision(id))
  await until('it is done', async () => ((await bed.runOf(id)).state === 'done' ? true : undefined))
  const sent = bed.messages(lane).map(({ body }) => Buffer.from(body ?? []).toString())
  assert.deepEqual(
    sent,
    letters(10_500).map(({ body }) => body),
  )
  await bed.balanced()
})

test('a batch that is put back after a cancel does not count as looked at', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(2))
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }))
  const lease = await takeRun(bed.store)
  assert.ok(lease)
  const claim = await claimNext(bed.store, lease)
  assert.ok(claim.kind === 'claimed')
  await cancelRun(bed.store, decision(id))
  await putBack(bed.store, lease, claim)
  assert.equal((await bed.runOf(id)).progressed, 0)
  assert.deepEqual(await bed.states(), { open: 2 })
  await bed.balanced()
})
