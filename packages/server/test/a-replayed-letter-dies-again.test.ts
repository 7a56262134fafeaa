import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constant } from '@redrive/worker'
import { showLetter } from '../src/letters/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { officeBed, until } from './office-bed.ts'

test('a replayed letter that dies again is a return, linked to its new letter, of the same cause', async (t) => {
  const bed = await officeBed(t)
  await bed.worker({
    retry: { maxAttempts: 1, backoff: constant(1) },
    handle() {
      throw new TypeError('still broken')
    },
  })
  await bed.produce({ key: null, body: Buffer.from('order'), headers: [] })
  await until('captured', async () => ((await bed.states())['open'] === 1 ? true : undefined))
  const { rows: before } = await bed.store.pool.query<{ id: string }>('select id from letter')
  const first = showLetterId(before[0]?.id ?? '')

  bed.replayer()
  const { id } = await bed.run(await bed.plan({ letters: [first] }))
  const run = await until('returned', async () => {
    const view = await bed.runOf(id)
    // The return may be quicker than the note that it was sent.
    const isNoted = view.outcomes.returned === 1 && view.sends.sent === 1
    return isNoted && (await bed.states())['open'] === 1 ? view : undefined
  })
  assert.equal(run.sends.uncertain, 0)
  assert.deepEqual(await bed.states(), { open: 1, replayed: 1 })
  const old = await showLetter(bed.store, first)
  assert.equal(old.replays[0]?.outcome, 'returned')
  const again = await showLetter(bed.store, old.replays[0]?.returnedAs ?? '')
  assert.equal(again.state, 'open')
  assert.equal(again.cause.id, old.cause.id)
  assert.equal(again.message.body?.text, 'order')
  await bed.balanced()
})

test('a replay to the origin is read by whoever reads there, and says so in the plan', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({ body: 'order', key: 'k' })
  const plan = await bed.plan({ query: 'queue:orders-dead-letter,orders' }, { destination: 'origin' })
  assert.deepEqual(
    plan.places.map(({ place, letters }) => ({ place, letters })),
    [{ place: 'orders', letters: 1 }],
  )
  bed.replayer()
  const { id } = await bed.run(plan)
  await until('sent', async () => ((await bed.runOf(id)).state === 'done' ? true : undefined))
  assert.equal(bed.messages('orders').length, 1)
})

test('letters whose consumer has no lane are left out of a plan to the lane, and told', async (t) => {
  const bed = await officeBed(t)
  await bed.broker.send('orders-dead-letter', [{ message: { key: null, body: Buffer.from('foreign'), headers: [] } }])
  await until('captured', async () => ((await bed.states())['open'] === 1 ? true : undefined))
  const { rows } = await bed.store.pool.query<{ id: string }>('select id from letter')
  const plan = await bed.plan({ letters: [showLetterId(rows[0]?.id ?? '')] })
  assert.equal(plan.letters, 0)
  assert.equal(
    Object.values(plan.skipped).reduce((sum, letters) => sum + letters, 0),
    1,
  )
  await assert.rejects(bed.run(plan), { code: 'REQUEST_INVALID' })
})
