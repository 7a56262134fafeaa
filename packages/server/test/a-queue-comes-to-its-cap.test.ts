import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Clock, systemClock } from '@redrive/worker'
import { type Capture, type CaptureEvent, type CaptureOptions, startCapture } from '../src/capture/index.ts'
import { type CapPolicy, noCap } from '../src/config/index.ts'
import { checkLedger } from '../src/ledger/index.ts'
import { discardLetters } from '../src/letters/index.ts'
import { documentQueue } from '../src/queues/index.ts'
import { keptOf } from '../src/store/queue-kept.ts'
import type { Store } from '../src/store/store.ts'
import { ourLetter } from '../src/testing/letters.ts'
import { type LogBroker, logBroker } from '../src/testing/log-broker.ts'
import { openedStore, until } from '../src/testing/opened-store.ts'

const place = 'orders-dead-letter'
const ten: CapPolicy = { ...noCap, letters: 10 }
const small = { maxLetters: 4, maxBytes: 1024 * 1024 }

/** A hundred times as fast; `looks` counts how often somebody looked whether there is room. */
function quickClock(): Clock & { looks: number } {
  const clock = {
    ...systemClock,
    looks: 0,
    monotonic: () => systemClock.monotonic() * 100,
    sleep: (ms: number, signal?: AbortSignal) => {
      if (ms === 2_000) clock.looks += 1
      return systemClock.sleep(ms / 100, signal)
    },
  }
  return clock
}

/** Captures end before what they need: hooks run in the order in which they were given. */
const running: Capture[] = []
function bed(context: TestContext): Promise<Store> {
  context.after(() => Promise.all(running.splice(0).map((capture) => capture.stop())))
  return openedStore(context)
}

function started(
  store: Store,
  broker: LogBroker,
  options: Partial<CaptureOptions> = {},
): {
  readonly capture: ReturnType<typeof startCapture>
  readonly events: CaptureEvent[]
  readonly clock: ReturnType<typeof quickClock>
} {
  const events: CaptureEvent[] = []
  const clock = quickClock()
  const capture = startCapture({
    store,
    broker,
    brokerName: 'main',
    source: { place, role: 'dead-letter' },
    consumer: 'redrive',
    limits: small,
    most: ten,
    clock,
    onEvent: (event) => events.push(event),
    ...options,
  })
  running.push(capture)
  return { capture, events, clock }
}

const letters = (count: number, from = 0) => Array.from({ length: count }, (_, n) => ourLetter(from + n))

/** What the queues keep, as it is counted beside, agrees with the letters that are there. */
async function countedRight(store: Store): Promise<void> {
  const { rows } = await store.pool.query<{ queue: string; letters: number; bytes: number }>(
    `select q.name as queue, count(l.id) filter (where state not in ('archived', 'erased'))::float8 as letters,
            coalesce(sum(c.bytes) filter (where state not in ('archived', 'erased')), 0)::float8 as bytes
       from queue_kept k join queue q on q.id = k.queue_id left join letter l on l.queue_id = q.id left join letter_content c on c.id = l.id
      group by 1 order by 1`,
  )
  assert.deepEqual(
    (await keptOf(store.pool)).map(({ queue, letters: count, bytes }) => ({ queue, letters: count, bytes })),
    rows,
  )
  const { unaccounted } = await checkLedger(store)
  assert.equal(unaccounted, 0)
}

for (const kind of ['positions', 'ids', 'nothing'] as const)
  test(`at its cap a queue takes no more, and goes on by itself once there is room (a source with ${kind})`, async (context) => {
    const store = await bed(context)
    const broker = logBroker({ kind })
    const { capture, events, clock } = started(store, broker)
    broker.append(place, ...letters(50))
    await until(() => capture.health().waitsForRoomIn.length > 0)
    const kept = broker.acked.length
    assert.ok(kept >= 10 && kept < 10 + small.maxLetters, `${kept}: not over the cap by more than a batch`)
    assert.match(capture.health().problem ?? '', /^full: orders \(1[0-3] of 10 letters\) at the cap/)
    assert.deepEqual(capture.health().waitsForRoomIn, ['orders'])
    await countedRight(store)
    const { looks } = clock
    await until(() => clock.looks > looks + 5)
    assert.equal(broker.acked.length, kept)
    await documentQueue(store, {
      queue: 'orders',
      fields: { 'retention.most.letters': '1000' },
      by: 'ann',
      reason: null,
    })
    await until(() => broker.acked.length === 50)
    const { captured, unaccounted } = await checkLedger(store)
    assert.deepEqual([captured, unaccounted, capture.health().state], [50, 0, 'running'])
    assert.deepEqual(
      events.map(({ kind: what }) => what).filter((what) => what === 'paused' || what === 'resumed'),
      ['paused', 'resumed'],
    )
    await countedRight(store)
  })

test('a queue that has just come to its cap is marked as full, whether more wait or not; a cap below what there is takes nothing more', async (context) => {
  const store = await bed(context)
  const broker = logBroker({ kind: 'ids' })
  broker.append(place, ...letters(9))
  const one = started(store, broker)
  const since = async () => (await keptOf(store.pool))[0]?.fullSince ?? null
  await until(() => broker.acked.length === 9)
  assert.equal(await since(), null)
  broker.append(place, ourLetter(9))
  await until(() => broker.acked.length === 10)
  assert.notEqual(await since(), null)
  assert.equal(one.capture.health().state, 'running', 'nothing waits')
  await one.capture.stop()
  // As if the cap had been said only now: nothing is marked yet.
  await store.pool.query('update queue_kept set full_since = null')
  await store.pool.query('delete from source_queue')
  broker.append(place, ourLetter(10))
  const two = started(store, broker, { most: { ...noCap, letters: 8 } })
  await until(() => two.capture.health().waitsForRoomIn.length > 0)
  assert.equal(broker.acked.length, 10)
})

test('a subscription takes no more ahead than there is room for, but for a hundred', async (context) => {
  const store = await bed(context)
  const broker = logBroker({ kind: 'ids' })
  broker.append(place, ...letters(20))
  const one = started(store, broker, { most: noCap })
  await until(() => broker.acked.length === 20)
  await one.capture.stop()
  const ahead = async (most: CapPolicy): Promise<unknown> => {
    let asked: unknown
    const watched: LogBroker = {
      ...broker,
      receive: (from, options) => {
        asked = options.maxInFlight
        return broker.receive(from, options)
      },
    }
    const { capture } = started(store, watched, { most, limits: { maxLetters: 1_000, maxBytes: 1_024 } })
    await until(() => asked !== undefined)
    await capture.stop()
    return asked
  }
  assert.deepEqual(await ahead(noCap), { messages: 3_000, bytes: 3_072 })
  assert.deepEqual(await ahead({ ...noCap, letters: 520 }), { messages: 500, bytes: 3_072 })
  assert.deepEqual(await ahead({ ...noCap, letters: 21 }), { messages: 100, bytes: 3_072 })
  const [kept] = await keptOf(store.pool)
  assert.deepEqual(await ahead({ ...noCap, bytes: (kept?.bytes ?? 0) + 2_000 }), { messages: 3_000, bytes: 2_000 })
})

test('a cap by bytes holds as one by letters does', async (context) => {
  const store = await bed(context)
  const broker = logBroker({ kind: 'ids' })
  broker.append(place, ...letters(50))
  const { capture } = started(store, broker, { most: { ...noCap, bytes: 4_000 } })
  await until(() => capture.health().waitsForRoomIn.length > 0)
  const [kept] = await keptOf(store.pool)
  assert.ok(kept !== undefined && kept.bytes >= 4_000 && kept.bytes < 4_000 + 4 * (kept.bytes / kept.letters + 100))
  assert.ok(broker.acked.length < 50)
})

test('what was ended makes room: a queue goes on below 95 in a hundred, not at the first letter that went', async (context) => {
  const store = await bed(context)
  const broker = logBroker({ kind: 'ids' })
  const { capture, clock } = started(store, broker, {
    most: { ...noCap, letters: 40 },
    limits: { ...small, maxLetters: 1 },
  })
  broker.append(place, ...letters(60))
  await until(() => capture.health().waitsForRoomIn.length > 0)
  assert.equal(broker.acked.length, 40)
  const gone = async (count: number): Promise<void> => {
    await store.pool.query(
      `with chosen as (select id from letter where state = 'open' order by id limit $1) update letter set state = 'archived' from chosen o where letter.id = o.id`,
      [count],
    )
  }
  await gone(2)
  const { looks } = clock
  await until(() => clock.looks > looks + 5)
  assert.equal(broker.acked.length, 40)
  await gone(1)
  await until(() => broker.acked.length === 43)
})

test('two offices and two sources that feed a queue at once are over its cap by no more than one batch', async (context) => {
  const store = await bed(context)
  const places = ['orders-dead-letter', 'orders-dead-letter-2']
  const brokers = places.map(() => logBroker({ kind: 'ids' }))
  for (const [at, name] of places.entries()) brokers[at]?.append(name, ...letters(200, at * 1_000))
  const offices = places.map((name, at) =>
    started(store, brokers[at] as LogBroker, {
      source: { place: name, role: 'dead-letter' },
      most: { ...noCap, letters: 61 },
    }),
  )
  await until(() => offices.every(({ capture }) => capture.health().waitsForRoomIn.length > 0))
  const [kept] = await keptOf(store.pool)
  assert.ok(kept !== undefined && kept.letters >= 61 && kept.letters < 61 + small.maxLetters, `${kept?.letters}`)
  assert.equal(
    brokers.reduce((sum, { acked }) => sum + acked.length, 0),
    kept.letters,
  )
  await countedRight(store)
})

test('a source that never had a letter of the full queue waits as soon as it has one; what it feeds beside waits with it', async (context) => {
  const store = await bed(context)
  const first = logBroker({ kind: 'ids' })
  first.append(place, ...letters(20))
  const one = started(store, first)
  await until(() => one.capture.health().waitsForRoomIn.length > 0)
  const shared = logBroker({ kind: 'positions' })
  const origin = {
    system: 'memory',
    consumer: 'reefer',
    partition: null,
    position: null,
    nativeId: null,
    timestampMs: null,
  }
  const of = (queue: string, count: number, from: number) =>
    Array.from({ length: count }, (_, n) => ourLetter(from + n, { origin: { ...origin, place: queue } }))
  shared.append('all-dead-letter', ...of('prices', 3, 5_000))
  const two = started(store, shared, { source: { place: 'all-dead-letter', role: 'dead-letter' } })
  await until(() => shared.acked.length === 3)
  assert.equal(two.capture.health().state, 'running')
  shared.append('all-dead-letter', ...of('orders', 1, 6_000), ...of('prices', 3, 7_000))
  await until(() => two.capture.health().waitsForRoomIn.length > 0)
  assert.equal(shared.acked.length, 3)
  await documentQueue(store, { queue: 'orders', fields: { 'retention.most.letters': '1000' }, by: 'ann', reason: null })
  await until(() => shared.acked.length === 7)
})

test('receipts are read whatever the queues keep, and an office that starts while a queue is full does not ask its source', async (context) => {
  const store = await bed(context)
  const broker = logBroker({ kind: 'ids' })
  broker.append(place, ...letters(20))
  const one = started(store, broker)
  await until(() => one.capture.health().waitsForRoomIn.length > 0)
  await one.capture.stop()
  let asked = 0
  const watched = new Proxy(broker, {
    get(target, name, receiver) {
      if (name === 'receive') asked += 1
      return Reflect.get(target, name, receiver) as unknown
    },
  })
  const two = started(store, watched)
  await until(() => two.capture.health().waitsForRoomIn.length > 0)
  assert.equal(asked, 0)
  // What is no receipt is kept as a letter, here of the full queue.
  const other = logBroker({ kind: 'ids' })
  other.append('redrive-receipts', ourLetter(900))
  started(store, other, { source: { place: 'redrive-receipts', role: 'receipts' } })
  await until(() => other.acked.length === 1)
})

test('what leaves and comes back is counted: discards stay, deleted and archived letters do not', async (context) => {
  const store = await bed(context)
  const broker = logBroker({ kind: 'ids' })
  broker.append(place, ...letters(8))
  started(store, broker, { most: noCap })
  await until(() => broker.acked.length === 8)
  await discardLetters(store, { selection: { query: 'queue:orders' }, by: 'ann', reason: 'x', nowMs: Date.now() })
  await countedRight(store)
  assert.equal((await keptOf(store.pool))[0]?.letters, 8)
  await store.pool.query(`update letter set state = 'archived' where id in (select id from letter order by id limit 3)`)
  assert.equal((await keptOf(store.pool))[0]?.letters, 5)
  await store.pool.query(
    `update letter set state = 'discarded' where id in (select id from letter order by id limit 1)`,
  )
  assert.equal((await keptOf(store.pool))[0]?.letters, 6)
  await store.transaction(async (client) => {
    await client.query(`set local redrive.ends = 'on'`)
    await client.query(`delete from letter where id in (select id from letter order by id desc limit 2)`)
  })
  const [kept] = await keptOf(store.pool)
  const { rows } = await store.pool.query<{ letters: number; bytes: number }>(
    `select count(*)::float8 as letters, sum(bytes)::float8 as bytes from letter where state <> 'archived'`,
  )
  assert.deepEqual({ letters: kept?.letters, bytes: kept?.bytes }, rows[0])
})
