import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Clock, systemClock } from '@redrive/worker'
import { listAlerts, type WatchAlertsOptions, watchAlerts } from '../src/alerts/index.ts'
import { type OfficeBed, officeBed, until } from './office-bed.ts'

/** Minutes are over in less than a second. */
const faster = 100
const hasty: Clock = {
  ...systemClock,
  monotonic: () => systemClock.monotonic() * faster,
  sleep: (ms, signal) => systemClock.sleep(ms / faster, signal),
}

async function watching(t: TestContext, options: Partial<WatchAlertsOptions>) {
  const bed = await officeBed(t)
  const lines: string[] = []
  const watch = watchAlerts(bed.store, {
    config: { limits: [], routes: [{ notify: ['team'] }] },
    officeUrl: null,
    findings: async () => [],
    captures: () => [],
    onWritten: () => undefined,
    tell: (line) => void lines.push(line),
    clock: hasty,
    ...options,
  })
  bed.ending(() => watch.stop())
  return { bed, lines, watch }
}

async function isPaged(bed: OfficeBed): Promise<void> {
  await bed.captured({ errorClass: 'TaxError' })
  await until('it is paged', async () => {
    const { alerts } = await listAlerts(bed.store, { state: 'all', limit: 10 })
    return alerts.some(({ rule }) => rule === 'first-failure') ? true : undefined
  })
}

test('the first letter of something new is paged however long the doctor takes', async (t) => {
  const doctor = Promise.withResolvers<readonly never[]>()
  let asked = 0
  const { bed } = await watching(t, { findings: () => ((asked += 1), doctor.promise) })
  bed.ending(async () => doctor.resolve([]))
  await until('the doctor is asked', () => (asked > 0 ? true : undefined))
  await isPaged(bed)
  assert.equal(asked, 1, 'nobody asks again before the answer')
})

test('it is paged while the doctor cannot look, which is told once and tried again', async (t) => {
  let asked = 0
  const { bed, lines } = await watching(t, {
    findings: async () => {
      asked += 1
      if (asked === 4) return []
      throw new Error('no such table')
    },
  })
  await until('the doctor is asked again', () => (asked > 2 ? true : undefined))
  await isPaged(bed)
  assert.deepEqual(lines, ['alerts about what the doctor finds could not be looked for: no such table'])
})

test('it is paged while somebody holds a table that only queues are looked at with', async (t) => {
  const { bed, lines, watch } = await watching(t, {})
  const holder = await bed.store.pool.connect()
  await holder.query('begin')
  await holder.query('lock table traffic in access exclusive mode')
  try {
    const lockedMs = performance.now()
    await until('the look at queues is given up', () => (lines.length > 0 ? true : undefined))
    assert.ok(performance.now() - lockedMs < 10_000, 'a second, where statements of the office wait for fifteen')
    await isPaged(bed)
    assert.ok(watch.lookedAgoMs() < 60_000)
  } finally {
    await holder.query('rollback')
    holder.release()
  }
  assert.match(lines[0] ?? '', /^alerts about queues could not be looked for: .*lock timeout/)
})
