import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { encodeTrafficReport, type TrafficReport } from '@redrive/worker'
import { acknowledgeCause } from '../src/causes/index.ts'
import { type AlertBed, alertBed } from './alert-bed.ts'
import { until } from './office-bed.ts'

const minuteMs = 60_000

/** So many minutes ago. */
async function reported(
  bed: AlertBed,
  { minutesAgo = 1, queue = 'orders', ...of }: Partial<TrafficReport> & { readonly minutesAgo?: number },
): Promise<void> {
  const toMs = Date.now() - minutesAgo * minuteMs
  const report: TrafficReport = {
    id: randomUUID(),
    ...{ queue, consumer: 'reefer', fromMs: toMs, toMs, handled: 0, retried: 0, discarded: 0, skipped: 0, died: {} },
    worker: { service: 'reefer', release: null, host: null },
    samples: [],
    ...of,
  }
  const message = { key: null, body: Buffer.from(encodeTrafficReport(report)), headers: [] }
  await bed.broker.send('redrive-receipts', [{ message }])
  await until('it is read', async () =>
    (await bed.store.pool.query('select from traffic_report where id = $1', [report.id])).rowCount === 1
      ? true
      : undefined,
  )
}

const queues = { queues: true } as const

test('a share that is too large is told once, goes on, and ends below half of the limit', async (t) => {
  const bed = await alertBed(t)
  await reported(bed, { handled: 960, died: { permanent: 40 } })
  assert.deepEqual(await bed.look(queues), [], 'four percent are below five')
  await reported(bed, { died: { permanent: 60 } })
  assert.deepEqual(await bed.look(queues), ['team raised death-rate'])
  assert.deepEqual(await bed.look(queues), [])
  const [notice] = await bed.notices()
  assert.match(notice?.title ?? '', /^DEATH RATE orders: 9\.4 % of 1,060 messages died in 5 min, the limit is 5 %$/)
  assert.deepEqual(notice?.facts[0], { name: 'last 5 minutes', value: '100 of 1,060 died: 9.4 %, surely 7.8 %' })
  assert.equal(notice?.urgency, 'page')
  // 4.8 percent: below the limit, above its half.
  await reported(bed, { handled: 1_000 })
  assert.deepEqual(await bed.look(queues), [])
  const quiet = async () => (await bed.store.pool.query('select quiet_since from alert')).rows[0]?.quiet_since
  assert.equal(await quiet(), null)
  await reported(bed, { handled: 3_000 })
  assert.deepEqual(await bed.look(queues), [])
  assert.ok((await quiet()) instanceof Date)
  const laterMs = Date.now() + 3 * minuteMs
  await bed.look({ ...queues, nowMs: laterMs })
  assert.deepEqual(await bed.look({ ...queues, nowMs: laterMs + 10 * minuteMs }), ['team resolved death-rate'])
})

test('while no worker reports, an alert goes on, and after a day it ends with those words', async (t) => {
  const bed = await alertBed(t)
  await reported(bed, { handled: 50, died: { permanent: 50 } })
  assert.deepEqual(await bed.look(queues), ['team raised death-rate'])
  await bed.look({ ...queues, minutes: 70 })
  await bed.look({ ...queues, minutes: 23 * 60 })
  const { rows } = await bed.store.pool.query('select state, quiet_since as quiet from alert')
  assert.deepEqual(rows, [{ state: 'raised', quiet: null }])
  const said = await bed.look({ ...queues, minutes: 25 * 60 })
  assert.ok(said.includes('team resolved death-rate'), said.join())
  const [alert] = await bed.alerts()
  assert.match(alert?.resolvedWhy ?? '', /no worker has reported its traffic for a day/)
})

test('letters of a cause that somebody was just told of are no news; others are', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(...Array.from({ length: 30 }, () => ({ errorClass: 'TaxRateMissing' })))
  assert.deepEqual(await bed.look(queues), ['team raised first-failure'])
  await reported(bed, { handled: 70, died: { transient: 30 } })
  assert.deepEqual(await bed.look(queues), [])
  await reported(bed, { handled: 0, died: { transient: 20 } })
  assert.deepEqual(await bed.look(queues), ['team raised death-rate'])
})

test('what somebody was told of an hour ago is news again by its share, unless it was taken', async (t) => {
  for (const isTaken of [false, true]) {
    const bed = await alertBed(t)
    await bed.captured(...Array.from({ length: 30 }, () => ({ errorClass: 'TaxRateMissing' })))
    await bed.look(queues)
    await bed.store.pool.query(`update alert set raised_at = raised_at - interval '2 hours'`)
    if (isTaken) await acknowledgeCause(bed.store, { cause: await bed.cause(), by: 'ana' })
    await bed.look()
    await reported(bed, { handled: 70, died: { transient: 30 } })
    const said = await bed.look(queues)
    assert.deepEqual(said.includes('team raised death-rate'), !isTaken, said.join())
  }
})

test('limits are of queues and of tiers, and may be off', async (t) => {
  const limits = [
    { queues: ['bills'], deathPercent: 'off' },
    { queues: ['mails'], deathPercent: 50 },
    { queues: ['slow'], deathLeast: 200 },
    { tier: 'malformed', deathPercent: 1 },
    { queues: ['orders'], deathPercent: 'off' },
  ] as const
  const bed = await alertBed(t, { limits })
  for (const queue of ['bills', 'mails', 'slow', 'orders'])
    await reported(bed, { queue, handled: 80, died: { permanent: 15, malformed: 5 } })
  await bed.look(queues)
  const raised = (await bed.alerts()).map(({ queue, tier }) => `${queue} ${tier}`)
  // One in a hundred may be malformed, whatever the queue.
  assert.deepEqual(raised.sort(), ['bills malformed', 'mails malformed', 'orders malformed', 'slow malformed'])
})

test('five minutes ago is not now', async (t) => {
  const bed = await alertBed(t)
  await reported(bed, { minutesAgo: 8, handled: 0, died: { permanent: 100 } })
  await reported(bed, { minutesAgo: 1, handled: 100 })
  assert.deepEqual(await bed.look(queues), [])
})
