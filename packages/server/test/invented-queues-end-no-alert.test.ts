import assert from 'node:assert/strict'
import { test } from 'node:test'
import { examine, type Finding } from '../src/doctor/index.ts'
import { type AlertBed, alertBed } from './alert-bed.ts'

/** As the office hands them to its alerts. */
async function findings({ store }: AlertBed): Promise<readonly Finding[]> {
  const office = { unaccounted: 0, captures: [], disk: null, olderThanDays: 7, nowMs: Date.now() }
  return (await examine(store, office)).findings
}

const invented = (from: string): readonly { readonly queue: string }[] =>
  Array.from({ length: 60 }, (_, n) => ({ queue: `${from}${String(n).padStart(4, '0')}` }))

test('letters in 60 invented queues end no ticket of another, and a new queue that nobody documents gets its own', async (t) => {
  const bed = await alertBed(t)
  const ofQueues = async (state: string): Promise<readonly (string | null)[]> =>
    (await bed.alerts())
      .filter((alert) => alert.rule === 'queue-without-owner' && alert.state === state)
      .map(({ queue }) => queue)
      .filter((queue) => queue === null || !/^a\d{4}$/.test(queue))
      .toSorted()
  await bed.captured({ queue: 'orders' }, { queue: 'pay' }, { queue: 'ship' })
  await bed.look({ findings: await findings(bed) })
  assert.deepEqual(await ofQueues('raised'), ['orders', 'pay', 'ship'])

  await bed.captured(...invented('a'), { queue: 'zsecond' })
  for (const minutes of [1, 11, 21]) await bed.look({ minutes, findings: await findings(bed) })
  assert.deepEqual(await ofQueues('resolved'), [])
  assert.deepEqual(await ofQueues('raised'), ['orders', 'pay', 'ship', 'zsecond'])

  await bed.discardAll()
  for (const minutes of [31, 41]) await bed.look({ minutes, findings: await findings(bed) })
  assert.deepEqual(await ofQueues('raised'), [], 'nothing waits in them any more')
})
