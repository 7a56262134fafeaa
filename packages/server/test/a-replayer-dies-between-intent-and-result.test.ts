import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Broker, SendResult } from '@redrive/worker'
import { systemClock } from '@redrive/worker'
import { claimNext } from '../src/replay/claim.ts'
import { applyReceipts, applyReturns } from '../src/replay/index.ts'
import { takeRun } from '../src/replay/leases.ts'
import { markResults } from '../src/replay/mark.ts'
import { sendBatch } from '../src/replay/send-batch.ts'
import { claimBatch } from './claim-batch.ts'
import { lane, type OfficeBed, officeBed, receipt, until, uuidOf } from './office-bed.ts'

/** A run in the hands of a process that goes on step by step. */
async function heldRun(bed: OfficeBed, letters: number, pace = 10_000) {
  await bed.captured(...Array.from({ length: letters }, () => ({})))
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }, { control: { pace } }))
  const lease = await takeRun(bed.store)
  assert.ok(lease)
  return { id, lease }
}

/** The holder is gone and its lease is over. */
async function leaseEnds(bed: OfficeBed, id: string): Promise<void> {
  await bed.store.pool.query(`update run set lease_until = now() - interval '1 second' where id = $1`, [uuidOf(id)])
}

const sending = (bed: OfficeBed) => ({
  brokers: new Map([['memory', bed.broker as Broker]]),
  clock: systemClock,
  signal: new AbortController().signal,
})

/** A successor that cannot look for what was sent. */
async function doneBySuccessor(bed: OfficeBed, id: string) {
  const { ends: _, findReplays: __, ...blind } = bed.broker
  bed.replayer({ brokers: new Map([['memory', blind]]) })
  return until('the successor is done', async () => {
    const run = await bed.runOf(id)
    return run.state === 'done' ? run : undefined
  })
}

test('before any intent: the successor sends everything, once', async (t) => {
  const bed = await officeBed(t)
  const { id } = await heldRun(bed, 3)
  await leaseEnds(bed, id)
  const run = await doneBySuccessor(bed, id)
  assert.deepEqual(run.sends, { intended: 0, sent: 3, notSent: 0, uncertain: 0 })
  assert.equal(bed.messages(lane).length, 3)
})

test('after the intents, before a send: uncertain, and never sent by themselves', async (t) => {
  const bed = await officeBed(t)
  const { id, lease } = await heldRun(bed, 3, 8)
  const claim = await claimNext(bed.store, lease)
  assert.equal(claim.kind, 'claimed')
  assert.deepEqual(await bed.states(), { replaying: 3 })
  await leaseEnds(bed, id)
  const run = await doneBySuccessor(bed, id)
  assert.deepEqual(run.sends, { intended: 0, sent: 1, notSent: 0, uncertain: 2 })
  assert.equal(bed.messages(lane).length, 1)
  assert.deepEqual(await bed.states(), { replayed: 1, uncertain: 2 })
  const plan = await bed.plan({ query: 'queue:orders state:any' })
  assert.equal(plan.letters, 0, 'an uncertain letter is in no plan')
  await bed.balanced()
})

test('after the send, before its result: uncertain; receipts and returns resolve it', async (t) => {
  const bed = await officeBed(t)
  const { id, lease } = await heldRun(bed, 3)
  const { letters } = await claimBatch(bed.store, lease)
  await sendBatch(letters, sending(bed))
  await leaseEnds(bed, id)
  const run = await doneBySuccessor(bed, id)
  assert.deepEqual(run.sends, { intended: 0, sent: 0, notSent: 0, uncertain: 3 })
  assert.equal(bed.messages(lane).length, 3, 'nothing was sent again')

  const [one, two] = letters
  assert.ok(one && two)
  await bed.store.transaction(async (client) => {
    await applyReceipts(client, [receipt(one.attemptId)])
    await applyReturns(client, [{ replayId: two.attemptId, letterId: two.letterId }])
  })
  const after = await bed.runOf(id)
  assert.deepEqual(after.sends, { intended: 0, sent: 2, notSent: 0, uncertain: 1 })
  assert.deepEqual(after.outcomes, { pending: 1, confirmed: 1, returned: 1, presumed: 0, unknown: 0 })
  assert.deepEqual(await bed.states(), { replayed: 2, uncertain: 1 })
  await bed.balanced()
})

test('a receipt that is quicker than the result keeps an uncertain or refused send from being doubted', async (t) => {
  for (const result of [
    { kind: 'uncertain', reason: 'connection reset' },
    { kind: 'not-sent', reason: 'a broker that is mistaken', retryable: false },
  ] satisfies SendResult[]) {
    const bed = await officeBed(t)
    const { id, lease } = await heldRun(bed, 1)
    const {
      letters: [claimed],
    } = await claimBatch(bed.store, lease)
    assert.ok(claimed)
    await bed.store.transaction((client) => applyReceipts(client, [receipt(claimed.attemptId)]))
    assert.equal(await markResults(bed.store, lease, { fromOrdinal: 0, results: [result] }), true)
    assert.deepEqual(await bed.states(), { replayed: 1 }, result.kind)
    assert.equal((await bed.runOf(id)).sends.sent, 1)
    await bed.balanced()
  }
})

test('a receipt after a mistaken "not sent" takes the letter out of the open ones', async (t) => {
  const bed = await officeBed(t)
  const { lease } = await heldRun(bed, 1)
  const {
    letters: [claimed],
  } = await claimBatch(bed.store, lease)
  assert.ok(claimed)
  const refused: SendResult = { kind: 'not-sent', reason: 'refused', retryable: false }
  await markResults(bed.store, lease, { fromOrdinal: 0, results: [refused] })
  assert.deepEqual(await bed.states(), { open: 1 })
  await bed.store.transaction((client) => applyReceipts(client, [receipt(claimed.attemptId)]))
  assert.deepEqual(await bed.states(), { replayed: 1 })
  await bed.balanced()
})

test('a holder that comes back after its lease changes nothing any more', async (t) => {
  const bed = await officeBed(t)
  const { id, lease } = await heldRun(bed, 2, 4)
  const claim = await claimNext(bed.store, lease)
  assert.ok(claim.kind === 'claimed')
  await leaseEnds(bed, id)
  const successor = await takeRun(bed.store)
  assert.equal(successor?.runId, lease.runId)
  assert.equal(await markResults(bed.store, lease, { fromOrdinal: 0, results: [{ kind: 'sent' }] }), false)
  assert.equal((await claimNext(bed.store, lease)).kind, 'lost')
  assert.deepEqual(await bed.states(), { replaying: 1, uncertain: 1 })
  await bed.balanced()
})

test('a lease that is held is taken by nobody else', async (t) => {
  const bed = await officeBed(t)
  await heldRun(bed, 1)
  assert.equal(await takeRun(bed.store), null)
})

test('a replayer that is stopped notes what it sends, gives the run back, and another goes on', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...Array.from({ length: 40 }, () => ({})))
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }, { control: { pace: 20 } }))
  const first = bed.replayer()
  await until('some were sent', () => (bed.messages(lane).length > 0 ? true : undefined))
  await first.stop()
  const stopped = await bed.runOf(id)
  assert.equal(stopped.state, 'running')
  assert.equal(stopped.sends.intended, 0)
  assert.ok(stopped.sends.sent > 0 && stopped.sends.sent < 40, String(stopped.sends.sent))
  assert.equal(bed.messages(lane).length, stopped.sends.sent)
  await bed.store.pool.query('update plan set pace = 10000, ramp_from = 10000')
  const run = await doneBySuccessor(bed, id)
  assert.deepEqual(run.sends, { intended: 0, sent: 40, notSent: 0, uncertain: 0 })
  assert.equal(bed.messages(lane).length, 40)
  await bed.balanced()
})
