import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Broker } from '@redrive/worker'
import { memoryBroker } from '@redrive/worker/memory'
import { fakeClock } from '@redrive/worker/testing'
import { startCapture } from '../src/capture/index.ts'
import { examine, type Finding } from '../src/doctor/index.ts'
import { type SourceExpiry, watchExpiry } from '../src/expiry/index.ts'
import { checkLedger } from '../src/ledger/index.ts'
import { standingOf } from '../src/store/source-losses.ts'
import type { Store } from '../src/store/store.ts'
import { ourLetter } from '../src/testing/letters.ts'
import { logBroker } from '../src/testing/log-broker.ts'
import { openedStore, until } from '../src/testing/opened-store.ts'
import { alertBed } from './alert-bed.ts'

const minuteMs = 60_000
const dayMs = 1_440 * minuteMs
const place = 'orders-dead-letter'
const codes = ['source-expiring', 'source-keeps-short', 'source-expiry-unknown']

async function found(
  store: Store,
  {
    state = 'running',
    ...office
  }: { readonly expiry: readonly SourceExpiry[]; readonly nowMs: number; readonly state?: string },
): Promise<readonly Finding[]> {
  const reason = state === 'running' ? null : 'disk: 3 MiB are free'
  const captures = [{ broker: 'main', place, role: 'dead-letter' as const, state, reason }]
  const diagnosis = await examine(store, { unaccounted: 0, captures, disk: null, olderThanDays: 7, ...office })
  return diagnosis.findings.filter(({ code }) => codes.includes(code))
}

/** A source that keeps for ever, and from which nothing waits. */
const silentSource: SourceExpiry = {
  broker: 'main',
  place,
  askedAtMs: 0,
  why: null,
  emptyAtMs: 0,
  expiry: {
    waiting: 0,
    oldestEndsAtMs: null,
    gone: 0,
    keeps: { ageMs: null, messages: null, bytes: null, unusedMs: null, isCompacted: false, longer: '' },
  },
}

/** A place that keeps so long, asked on a clock that stands still. */
async function watched(store: Store, keepMs: number, wrap: (broker: Broker) => Broker = (broker) => broker) {
  const clock = fakeClock()
  const broker = memoryBroker({ clock, keepMs })
  await broker.prepare([{ place, role: 'dead-letter' }])
  const source = { broker: wrap(broker), brokerName: 'main', place, consumer: 'office' }
  const watch = watchExpiry(store, { sources: [source], clock })
  return {
    clock,
    watch,
    send: async (...bodies: readonly string[]) => {
      await broker.send(
        place,
        bodies.map((body) => ({ message: { key: null, body: Buffer.from(body), headers: [] } })),
      )
    },
    async stop() {
      await watch.stop()
      await broker.close()
    },
  }
}

test('what a broker removed before capture came is written down, said for a week, and in no count', async (t) => {
  const store = await openedStore(t)
  const broker = logBroker({ kind: 'positions' })
  const open = () =>
    startCapture({ store, broker, brokerName: 'main', source: { place, role: 'dead-letter' }, consumer: 'office' })
  const first = open()
  broker.append(place, ourLetter(1), ourLetter(2))
  await until(() => first.health().letters === 2)
  broker.remove(place, 5)
  await until(async () => (await standingOf(store.pool, { broker: 'main', place })).get('0') === 5n)
  const nowMs = Date.now()
  const forgotten = { ...silentSource, askedAtMs: nowMs }
  const [finding, ...others] = await found(store, { expiry: [forgotten], nowMs })
  assert.deepEqual([finding?.severity, finding?.place, others.length], ['problem', `${place} on main`, 0])
  assert.match(finding?.what ?? '', /^up to 3 letters of orders-dead-letter on main were deleted there before/)
  // The same one is told again after a restart, and reached further by then.
  broker.remove(place, 6)
  await until(async () => (await standingOf(store.pool, { broker: 'main', place })).get('0') === 6n)
  await first.stop()
  assert.match((await found(store, { expiry: [forgotten], nowMs }))[0]?.what ?? '', /^up to 4 letters/)
  assert.deepEqual(await found(store, { expiry: [forgotten], nowMs: nowMs + 8 * dayMs }), [])
  const { unaccounted, captured } = await checkLedger(store)
  assert.deepEqual([unaccounted, captured], [0, 2])
})

test('a place that keeps ten minutes is told of when a tenth is gone, with what keeps capture', async (t) => {
  const store = await openedStore(t)
  const { clock, watch, send, stop } = await watched(store, 10 * minuteMs)
  t.after(stop)
  const look = (laterMs: number, state: string) =>
    found(store, { expiry: watch.latest(), nowMs: clock.now() + laterMs, state })
  await until(() => watch.latest().length === 1)
  const [short, ...none] = await look(0, 'running')
  assert.deepEqual([short?.code, short?.severity, none.length], ['source-keeps-short', 'warning', 0])
  assert.match(short?.what ?? '', /keeps letters for 10 min$/)
  assert.equal(short?.next, 'memoryBroker({ keepMs: 1209600000 })')
  await send('a', 'b', 'c')
  await clock.advance(2 * minuteMs)
  await until(() => watch.latest()[0]?.expiry?.waiting === 3)
  const expiring = (await look(4 * minuteMs, 'paused')).filter(({ code }) => code === 'source-expiring')
  assert.deepEqual(
    expiring.map(({ severity, what, why }) => [severity, what, why]),
    [
      [
        'problem',
        'the oldest of 3 letters in orders-dead-letter on main is deleted there in 4 min',
        'capture is paused: disk: 3 MiB are free',
      ],
    ],
  )
})

test('a broker that does not answer, or cannot be asked, is said to be unknown, and keeps nobody waiting', async (t) => {
  const store = await openedStore(t)
  let asked = 0
  const never = await watched(store, dayMs, (broker) => ({
    ...broker,
    expiry: () => {
      asked += 1
      return new Promise<never>(() => undefined)
    },
  }))
  t.after(never.stop)
  await until(() => asked === 1)
  assert.deepEqual(never.watch.latest(), [])
  await never.clock.advance(10_000)
  await until(() => never.watch.latest().length === 1)
  const [finding] = await found(store, { expiry: never.watch.latest(), nowMs: never.clock.now() })
  assert.deepEqual([finding?.code, finding?.severity], ['source-expiry-unknown', 'advice'])
  assert.match(finding?.why ?? '', /did not answer within 10 s/)
  // It took ten seconds: it is asked again after twenty times as long, not after two minutes.
  await never.clock.advance(150_000)
  assert.equal(asked, 1)
  await never.clock.advance(50_000)
  await until(() => asked === 2)

  const mute = await watched(store, dayMs, ({ expiry: _, ...broker }) => broker)
  t.after(mute.stop)
  await until(() => mute.watch.latest().length === 1)
  assert.match((await found(store, { expiry: mute.watch.latest(), nowMs: 0 }))[0]?.why ?? '', /cannot ask/)
})

test('a ticket becomes a page when the time runs out, and both end when capture has caught up', async (t) => {
  const bed = await alertBed(t)
  const expiring = (severity: Finding['severity'], left: string): readonly Finding[] => [
    {
      code: 'source-expiring',
      severity,
      queue: null,
      place: `${place} on main`,
      what: `the oldest of 9 letters in ${place} on main is deleted there in ${left}`,
      why: 'capture is paused: disk',
      next: 'redrive status',
    },
  ]
  const look = (minutes: number, findings: readonly Finding[]) => bed.look({ minutes, findings })
  const said = async () =>
    (await bed.notices()).map(({ rule, change, urgency }) => `${rule} ${urgency} ${change}`).slice(-2)
  assert.deepEqual(await look(1, expiring('warning', '3 days')), ['team raised source-expiring'])
  assert.deepEqual(await look(2, expiring('warning', '2 days')), [], 'one conversation, whatever it says now')
  assert.deepEqual(await look(3, expiring('problem', '5 h')), [
    'team resolved source-expiring',
    'team raised source-expiring',
  ])
  assert.deepEqual(await said(), ['source-expiring ticket resolved', 'source-expiring page raised'])
  assert.deepEqual(await look(4, []), [])
  assert.deepEqual(await look(9, []), ['team resolved source-expiring'])
  // At once.
  assert.deepEqual(await look(10, expiring('problem', '1 h')), ['team raised source-expiring'])
})
