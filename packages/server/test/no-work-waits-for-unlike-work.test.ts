import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acknowledgeAlert } from '../src/alerts/index.ts'
import { lockForBulk } from '../src/letters/index.ts'
import { aloneInRetention } from '../src/retention/index.ts'
import { advisoryLocks } from '../src/store/advisory-locks.ts'
import { ensurePartitions } from '../src/store/partitions.ts'
import { alertBed } from './alert-bed.ts'
import { officeBed } from './office-bed.ts'

test('however long letters are ended, erased or brought back, alerts are raised and taken', async (t) => {
  const bed = await alertBed(t)
  await bed.captured({ errorClass: 'TaxRateMissing' })
  const said = await aloneInRetention(bed.store, async () => {
    const raised = await bed.look()
    const [alert] = await bed.alerts()
    await acknowledgeAlert(bed.store, { alert: alert?.id ?? '', by: 'ana' }, bed.options)
    return [...raised, ...(await bed.look())]
  })
  assert.deepEqual(said, ['team raised first-failure', 'team acknowledged first-failure'])
})

test('while many letters are changed, the tables of later months are made', async (t) => {
  const bed = await officeBed(t)
  await bed.store.transaction(async (client) => {
    await lockForBulk(client)
    await ensurePartitions(bed.store.pool, Date.now() + 366 * 86_400_000)
  })
})

test('each kind of work has a lock of its own', () => {
  const keys = Object.values(advisoryLocks)
  assert.equal(new Set(keys).size, keys.length)
})
