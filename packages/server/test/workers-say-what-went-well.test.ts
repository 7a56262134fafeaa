import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { encodeTrafficReport, PermanentError, type TrafficReport } from '@redrive/worker'
import { startCapture } from '../src/capture/index.ts'
import { checkLedger } from '../src/ledger/index.ts'
import { metricsOfStore } from '../src/metrics/of-store.ts'
import { listQueues, showQueue } from '../src/queues/index.ts'
import { logBroker } from '../src/testing/log-broker.ts'
import { openedStore, until as untilTrue } from '../src/testing/opened-store.ts'
import { endOldTraffic } from '../src/traffic/index.ts'
import { type OfficeBed, officeBed, until } from './office-bed.ts'

const minuteMs = 60_000
const dayMs = 86_400_000

const report = (of: Partial<TrafficReport> = {}): TrafficReport => ({
  id: randomUUID(),
  queue: 'orders',
  consumer: 'reefer',
  fromMs: Date.now() - minuteMs,
  toMs: Date.now(),
  handled: 90,
  retried: 3,
  discarded: 2,
  skipped: 1,
  died: { permanent: 7, transient: 3 },
  worker: { service: 'reefer', release: '1.0.0', host: 'web-1' },
  samples: [],
  ...of,
})
const messageOf = (each: TrafficReport) => ({ key: null, body: Buffer.from(encodeTrafficReport(each)), headers: [] })

async function reported(bed: OfficeBed, ...reports: readonly TrafficReport[]): Promise<void> {
  await bed.broker.send(
    'redrive-receipts',
    reports.map((each) => ({ message: messageOf(each) })),
  )
  await until('reports are read', () => (bed.messages('redrive-receipts').length === 0 ? true : undefined))
}

test('what a worker handled and what died in its hands is shown of its queue, without a letter more', async (t) => {
  const bed = await officeBed(t)
  const worker = await bed.worker({
    handle(message) {
      if (Buffer.from(message.body ?? []).toString() === 'dies') throw new PermanentError('no')
    },
  })
  const bodies = ['a', 'b', 'c', 'dies']
  await bed.produce(...bodies.map((body) => ({ key: null, body: Buffer.from(body), headers: [] })))
  await until('handled', () => (worker.health().counters.handled + worker.health().counters.died === 4 ? 1 : undefined))
  await worker.stop()
  const traffic = await until('reported', async () => {
    const shown = await showQueue(bed.store, 'orders', { mayBeUnknown: true })
    return shown.traffic.hour === null ? undefined : shown.traffic
  })
  const hour = { handled: 3, retried: 0, discarded: 0, skipped: 0, died: 1, deathShare: 0.25 }
  assert.deepEqual([traffic.hour, traffic.day], [hour, hour])
  assert.deepEqual(
    traffic.consumers.map(({ consumer }) => consumer),
    ['reefer'],
  )
  assert.deepEqual(
    (await listQueues(bed.store)).map(({ name, traffic: listed }) => [name, listed]),
    [['orders', hour]],
  )
  await until('the letter is there', async () => ((await bed.states())['open'] === 1 ? 1 : undefined))
  await bed.balanced()
})

test('a queue of which nothing died yet appears with its first report', async (t) => {
  const bed = await officeBed(t)
  await reported(bed, report({ queue: 'bills', died: {} }))
  const [queue] = await listQueues(bed.store)
  assert.deepEqual([queue?.name, queue?.letters, queue?.traffic?.deathShare], ['bills', {}, 0])
})

test('a report counts once however often it comes, and not at all when it is too old to know that', async (t) => {
  const bed = await officeBed(t)
  const one = report()
  const nowMs = Date.now()
  const old = report({ fromMs: nowMs - 8 * dayMs, toMs: nowMs - 8 * dayMs + minuteMs })
  const early = report({ handled: 10, died: {}, fromMs: nowMs + 30 * dayMs, toMs: nowMs + 30 * dayMs + minuteMs })
  await reported(bed, one, one, old)
  await reported(bed, one, old, early)
  const { traffic } = await showQueue(bed.store, 'orders')
  // A clock that is wrong says nothing of the future: it counts now.
  assert.deepEqual([traffic.hour?.handled, traffic.hour?.died, traffic.day?.handled], [100, 10, 100])
  const { rows } = await bed.store.pool.query(
    'select sum(reports)::int as reports, max(at) <= now() as "isPast" from traffic',
  )
  assert.deepEqual(rows, [{ reports: 2, isPast: true }])
  assert.deepEqual(await bed.states(), {})
})

test('when reports stop, nothing is known of the hour', async (t) => {
  const bed = await officeBed(t)
  assert.deepEqual((await showQueue(bed.store, 'orders', { mayBeUnknown: true })).traffic, {
    lastReportAt: null,
    hour: null,
    day: null,
    consumers: [],
  })
  await reported(bed, report({ fromMs: Date.now() - 3 * 3_600_000, toMs: Date.now() - 3 * 3_600_000 }))
  const { traffic } = await showQueue(bed.store, 'orders')
  assert.deepEqual([traffic.hour, traffic.day?.handled, traffic.consumers.length], [null, 90, 1])
  assert.equal((await listQueues(bed.store))[0]?.traffic, null)
})

test('minutes become hours after two days and lose nothing; hours end after eight weeks', async (t) => {
  const bed = await officeBed(t)
  const hourMs = Math.floor((Date.now() - 3 * dayMs) / 3_600_000) * 3_600_000
  const at = (minute: number, more: Partial<TrafficReport> = {}) =>
    report({ fromMs: hourMs + minute * minuteMs, toMs: hourMs + minute * minuteMs, ...more })
  await reported(bed, at(1), at(2), at(2, { consumer: 'other' }), at(61), report())
  await endOldTraffic(bed.store)
  // Late, for an hour that is there already.
  await reported(bed, at(3))
  await endOldTraffic(bed.store)
  const rows = async () =>
    (
      await bed.store.pool.query<{ line: string }>(
        `select concat_ws(' ', consumer, seconds, reports, handled, died_permanent, died) as line from traffic order by at, consumer`,
      )
    ).rows.map(({ line }) => line)
  assert.deepEqual(await rows(), [
    'other 3600 1 90 7 10',
    'reefer 3600 3 270 21 30',
    'reefer 3600 1 90 7 10',
    'reefer 60 1 90 7 10',
  ])
  await bed.store.pool.query(`update traffic set at = at - interval '54 days' where seconds = 3600`)
  await bed.store.pool.query(`update traffic_report set received_at = received_at - interval '9 days'`)
  await endOldTraffic(bed.store)
  assert.deepEqual(await rows(), ['reefer 60 1 90 7 10'])
  assert.equal((await bed.store.pool.query('select from traffic_report')).rowCount, 0)
})

test('metrics say what was handled and died within the hour', async (t) => {
  const bed = await officeBed(t)
  await reported(bed, report(), report({ queue: 'bills', handled: 5, died: {} }))
  const family = (await metricsOfStore(bed.store)).find(({ name }) => name === 'redrive_traffic_last_hour')
  const lines = family?.samples.map(({ labels, value }) => [...Object.values(labels ?? {}), value].join(' ')).sort()
  assert.deepEqual(lines, ['bills died 0', 'bills handled 5', 'orders died 10', 'orders handled 90'])
})

test('reports move the position of their place, in the transaction that counts them', async (t) => {
  const store = await openedStore(t)
  const broker = logBroker({ kind: 'positions' })
  const junk = { key: null, body: Buffer.from('{'), headers: [] }
  broker.append('place', messageOf(report()), junk, messageOf(report()))
  const start = () =>
    startCapture({
      store,
      broker,
      brokerName: 'main',
      source: { place: 'place', role: 'receipts' },
      consumer: 'redrive',
    })
  const first = start()
  await untilTrue(() => first.health().receipts === 2 && first.health().letters === 1)
  await first.stop()
  const { rows } = await store.pool.query('select next_position::int as next, receipts::int from source_position')
  assert.deepEqual(rows, [{ next: 3, receipts: 2 }])
  const again = start()
  broker.append('place', messageOf(report()))
  await untilTrue(() => again.health().receipts === 1)
  await again.stop()
  const counted = await store.pool.query('select sum(reports)::int as reports from traffic')
  assert.deepEqual(counted.rows, [{ reports: 3 }])
  assert.equal((await checkLedger(store)).unaccounted, 0)
})
