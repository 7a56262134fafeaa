import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Clock, type Message, systemClock } from '@redrive/worker'
import { type Capture, type CaptureEvent, startCapture } from '../src/capture/index.ts'
import { defaultRetention } from '../src/config/index.ts'
import { beginErasure, erasureOnce, planErasure } from '../src/erasure/index.ts'
import { checkLedger } from '../src/ledger/index.ts'
import { discardLetters } from '../src/letters/index.ts'
import { passOnce } from '../src/retention/index.ts'
import { openStore, type Store } from '../src/store/store.ts'
import { cuttingProxy } from '../src/testing/cutting-proxy.ts'
import { foreignLetter, ourLetter } from '../src/testing/letters.ts'
import { type LogBroker, type LogBrokerOptions, logBroker } from '../src/testing/log-broker.ts'
import { openedStore, until } from '../src/testing/opened-store.ts'

const place = 'orders-dead-letter'
/** Nothing is ever long enough ago to be taken as acknowledged for sure, however busy the machine is. */
const standing: Clock = { now: () => Date.UTC(2026, 0, 1), monotonic: () => 0, sleep: systemClock.sleep }

function capturing(
  context: TestContext,
  store: Store,
  broker: LogBroker,
  onEvent?: (event: CaptureEvent) => void,
): Capture {
  const capture = startCapture({
    store,
    broker,
    brokerName: 'main',
    source: { place, role: 'dead-letter' },
    consumer: 'redrive',
    clock: standing,
    ...(onEvent === undefined ? {} : { onEvent }),
  })
  context.after(() => capture.stop({ timeoutMs: 1_000 }))
  return capture
}

async function letterCount(store: Store): Promise<number> {
  const { rows } = await store.pool.query<{ n: number }>('select count(*)::int as n from letter')
  return rows[0]?.n ?? 0
}

async function assertOnce(store: Store, messages: readonly Message[]): Promise<void> {
  const { rows } = await store.pool.query<{ body: Buffer; n: number }>(
    'select c.body, count(*)::int as n from letter l join letter_content c using (id) group by 1',
  )
  const counts = (bodies: readonly (readonly [string, number])[]): unknown => Object.fromEntries(bodies.toSorted())
  const wanted = Map.groupBy(messages, ({ body }) => Buffer.from(body ?? []).toString())
  assert.deepEqual(
    counts(rows.map(({ body, n }) => [body.toString(), n] as const)),
    counts([...wanted].map(([body, all]) => [body, all.length] as const)),
  )
  assert.equal((await checkLedger(store)).unaccounted, 0)
}

const kinds: readonly (LogBrokerOptions & { readonly make: (n: number) => Message; readonly name: string })[] = [
  { name: 'a log with positions', kind: 'positions', partitions: 3, make: ourLetter },
  { name: 'a queue with ids', kind: 'ids', make: ourLetter },
  { name: 'a queue without ids, our letters', kind: 'nothing', make: ourLetter },
  { name: 'a queue without ids, foreign letters', kind: 'nothing', make: (n) => foreignLetter(`foreign ${n}`) },
]

for (const { name, make, ...options } of kinds) {
  test(`${name}: a commit whose answer is lost neither loses nor doubles`, async (context) => {
    const store = await openedStore(context)
    const proxy = await cuttingProxy(store.url)
    const shaky = await openStore({ url: proxy.url, allowUnsafe: true })
    context.after(async () => {
      await shaky.close()
      await proxy.close()
    })
    const broker = logBroker(options)
    const messages = Array.from({ length: 60 }, (_, n) => make(n))
    capturing(context, shaky, broker)
    for (let at = 0; at < messages.length; at += 6) {
      proxy.cutNextCommits(1)
      broker.append(place, ...messages.slice(at, at + 6))
      await until(() => broker.acked.length >= at + 6)
    }
    assert.ok(proxy.lost >= 8, `${proxy.lost} commits lost their answer`)
    await assertOnce(store, messages)
  })

  test(`${name}: a commit that takes effect after the line was cut neither loses nor doubles`, async (context) => {
    const store = await openedStore(context)
    const proxy = await cuttingProxy(store.url)
    const shaky = await openStore({ url: proxy.url, allowUnsafe: true })
    context.after(async () => {
      await shaky.close()
      await proxy.close()
    })
    const broker = logBroker(options)
    const messages = Array.from({ length: 20 }, (_, n) => make(n))
    capturing(context, shaky, broker)
    broker.append(place, ...messages.slice(0, 5))
    await until(() => broker.acked.length === 5)
    proxy.cutNextCommits(1, 400)
    broker.append(place, ...messages.slice(5))
    await until(() => broker.acked.length === 20)
    assert.equal(proxy.lost, 1)
    await assertOnce(store, messages)
  })

  test(`${name}: what was captured and not acknowledged is not captured again`, async (context) => {
    const store = await openedStore(context)
    const broker = logBroker(options)
    const messages = Array.from({ length: 40 }, (_, n) => make(n))
    const capture = capturing(context, store, broker)
    broker.loseAcks = true
    broker.append(place, ...messages.slice(0, 20))
    await until(async () => (await letterCount(store)) === 20)
    await capture.stop()
    assert.equal(broker.acked.length, 0)
    broker.loseAcks = false
    broker.append(place, ...messages.slice(20))
    capturing(context, store, broker)
    await until(async () => (await letterCount(store)) === 40)
    if (options.kind !== 'positions') await until(() => broker.acked.length === 40)
    await assertOnce(store, messages)
  })

  test(`${name}: killed connections at the database change nothing`, async (context) => {
    const store = await openedStore(context)
    const victim = await openStore({ url: store.url, allowUnsafe: true })
    context.after(() => victim.close())
    const broker = logBroker(options)
    const messages = Array.from({ length: 3_000 }, (_, n) => make(n))
    const events: CaptureEvent[] = []
    capturing(context, victim, broker, (event) => events.push(event))
    const pids = new Set<number>()
    for (let at = 0; at < messages.length; at += 100) {
      broker.append(place, ...messages.slice(at, at + 100))
      const { rows } = await store.pool.query<{ pid: number }>(
        `select pid, pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'`,
      )
      for (const { pid } of rows) pids.add(pid)
    }
    await until(() => broker.acked.length === messages.length)
    assert.ok(pids.size > 0, 'connections were killed')
    await assertOnce(store, messages)
  })
}

test('two offices that read the same log keep each letter once', async (context) => {
  const store = await openedStore(context)
  const brokers = [logBroker({ kind: 'positions' }), logBroker({ kind: 'positions' })] as const
  const messages = Array.from({ length: 4_000 }, (_, n) => ourLetter(n))
  for (const broker of brokers) broker.append(place, ...messages)
  for (const broker of brokers) capturing(context, store, broker)
  await until(async () => (await letterCount(store)) === messages.length)
  await assertOnce(store, messages)
  // Whoever comes second drops its batch whole: what it had read counts nowhere.
  const [source] = (await checkLedger(store)).sources
  assert.deepEqual([source?.delivered, source?.duplicates], [messages.length, 0])
})

test('a log that was made anew and counts from 0 again gives new letters', async (context) => {
  const store = await openedStore(context)
  const first = logBroker({ kind: 'positions' })
  first.append(place, ...Array.from({ length: 5 }, (_, n) => ourLetter(n)))
  const capture = capturing(context, store, first)
  await until(async () => (await letterCount(store)) === 5)
  await capture.stop()
  await store.pool.query('update source_position set next_position = 0')
  const second = logBroker({ kind: 'positions' })
  second.append(place, ourLetter(0), ...Array.from({ length: 4 }, (_, n) => ourLetter(n + 100)))
  capturing(context, store, second)
  await until(async () => (await letterCount(store)) === 9)
  assert.equal((await checkLedger(store)).sources[0]?.duplicates, 1)
  assert.equal((await checkLedger(store)).unaccounted, 0)
})

test('identical messages that are distinct stay distinct letters', async (context) => {
  const store = await openedStore(context)
  const broker = logBroker({ kind: 'nothing', system: 'rabbitmq' })
  const messages = Array.from({ length: 1_500 }, () => foreignLetter('the same'))
  broker.append(place, ...messages.slice(0, 1_000))
  capturing(context, store, broker)
  await until(() => broker.acked.length === 1_000)
  // Lost acknowledgements of identical messages: as many come again as were captured, not one more is swallowed.
  broker.loseAcks = true
  broker.append(place, ...messages.slice(1_000))
  await until(async () => (await letterCount(store)) === 1_500)
  broker.loseAcks = false
  broker.cut()
  await until(() => broker.acked.length === 1_500)
  await assertOnce(store, messages)
  assert.equal((await checkLedger(store)).sources[0]?.duplicates, 500)
})

test('a letter our worker sent twice because it was not sure is one letter, a forged twin with another body is two', async (context) => {
  const store = await openedStore(context)
  const broker = logBroker({ kind: 'nothing', system: 'rabbitmq' })
  const again = ourLetter(1, { hops: 2 })
  broker.append(place, ourLetter(1), ourLetter(1), again, ourLetter(1, { body: Buffer.from('forged') }))
  capturing(context, store, broker)
  await until(() => broker.acked.length === 4)
  assert.equal(await letterCount(store), 3)
  assert.equal((await checkLedger(store)).unaccounted, 0)
})

test('a commit that fails moves no position: the letters are still to come', async (context) => {
  const store = await openedStore(context)
  await store.pool.query(`
    create table brake (on_it bool);
    insert into brake values (true);
    create function refuse_to_commit() returns trigger language plpgsql as $$
    begin
      if exists (select from brake) then raise exception 'the brake is on'; end if;
      return null;
    end $$;
    create constraint trigger braked after insert on letter deferrable initially deferred for each row execute function refuse_to_commit()`)
  const broker = logBroker({ kind: 'positions' })
  const messages = Array.from({ length: 20 }, (_, n) => ourLetter(n))
  broker.append(place, ...messages)
  const events: CaptureEvent[] = []
  capturing(context, store, broker, (event) => events.push(event))
  await until(() => events.some(({ kind }) => kind === 'paused'))
  const { rows } = await store.pool.query('select next_position, delivered from source_position')
  assert.deepEqual(rows, [{ next_position: null, delivered: '0' }])
  assert.equal(broker.acked.length, 0)
  await store.pool.query('delete from brake')
  await until(() => broker.acked.length === messages.length)
  await assertOnce(store, messages)
})

for (const kind of ['positions', 'ids', 'nothing'] as const) {
  test(`${kind}: a death that arrives again after its letter was deleted is still no new letter`, async (context) => {
    const store = await openedStore(context)
    const broker = logBroker({ kind })
    const [death, other] = [ourLetter(1), ourLetter(2)]
    let duplicates = 0
    capturing(context, store, broker, (event) => {
      if (event.kind === 'captured') duplicates += event.duplicates
    })
    broker.append(place, death)
    await until(() => broker.acked.length === 1)
    await discardLetters(store, { selection: { query: 'state:open' }, by: 'ann', reason: 'why', nowMs: Date.now() })
    await store.pool.query(`update letter set changed_at = now() - interval '40 days'`)
    await passOnce(store, { retention: defaultRetention, place: null, signal: context.signal })
    assert.equal(await letterCount(store), 0, 'it was deleted')

    broker.append(place, death, other, death)
    await until(() => broker.acked.length === 4)
    assert.equal(duplicates, 2)
    await assertOnce(store, [other])
  })
}

async function eraseAll(store: Store, signal: AbortSignal): Promise<void> {
  const erasure = await planErasure(store, { selection: { query: 'queue:orders' }, by: 'dpo', nowMs: Date.now() })
  await beginErasure(store, { erasure, by: 'dpo', reason: 'request 17', expect: 1, alsoWords: false })
  // As if the source had been told long ago that it need not deliver it again.
  await store.pool.query(`update unsettled set captured_at = captured_at - interval '2 hours'`)
  await erasureOnce(store, { place: null, ownsServer: false, signal })
  assert.equal(await letterCount(store), 0, 'it was erased')
}

for (const kind of ['positions', 'ids', 'nothing'] as const) {
  test(`${kind}: a death that arrives again after its letter was erased stays erased, and what else comes is captured`, async (context) => {
    const store = await openedStore(context)
    const broker = logBroker({ kind })
    const death: Message = { ...ourLetter(1), timestampMs: 1_700_000_000_000 }
    let duplicates = 0
    capturing(context, store, broker, (event) => {
      if (event.kind === 'captured') duplicates += event.duplicates
    })
    broker.append(place, death)
    await until(() => broker.acked.length === 1)
    await eraseAll(store, context.signal)
    broker.append(place, death, ourLetter(2), death)
    await until(() => broker.acked.length === 4)
    assert.equal(duplicates, 2)
    await assertOnce(store, [ourLetter(2)])
  })
}

test('a log that is made anew: at the position of an erased letter another message is another letter', async (context) => {
  const store = await openedStore(context)
  const [death, other] = [foreignLetter('one'), foreignLetter('two')].map((letter, at) => ({
    ...letter,
    timestampMs: 1_700_000_000_000 + at,
  }))
  assert.ok(death && other)
  const first = logBroker({ kind: 'positions' })
  const capture = capturing(context, store, first)
  first.append(place, death)
  await until(() => first.acked.length === 1)
  await capture.stop()
  const erasure = await planErasure(store, { selection: { query: 'state:open' }, by: 'dpo', nowMs: Date.now() })
  await beginErasure(store, { erasure, by: 'dpo', reason: 'request 17', expect: 1, alsoWords: false })
  await erasureOnce(store, { place: null, ownsServer: false, signal: context.signal })
  await store.pool.query('update source_position set next_position = null')
  const again = logBroker({ kind: 'positions' })
  const second = capturing(context, store, again)
  again.append(place, death)
  await until(() => again.acked.length === 1)
  await second.stop()
  assert.equal(await letterCount(store), 0, 'the same message at its position')
  await store.pool.query('update source_position set next_position = null')
  const anew = logBroker({ kind: 'positions' })
  capturing(context, store, anew)
  anew.append(place, other)
  await until(() => anew.acked.length === 1)
  assert.equal(await letterCount(store), 1)
  assert.equal((await checkLedger(store)).unaccounted, 0)
})

test('a log: one death that its worker sent twice is one letter and one duplicate', async (context) => {
  const store = await openedStore(context)
  const broker = logBroker({ kind: 'positions', partitions: 3 })
  const other: Message = { ...ourLetter(1), body: Buffer.from('another body under the same wire') }
  capturing(context, store, broker)
  broker.append(place, ourLetter(1), ourLetter(1), ourLetter(2), other)
  await until(() => broker.acked.length >= 4)
  const { rows } = await store.pool.query<{ letters: number; duplicates: number }>(
    'select sum(letters)::int as letters, sum(duplicates)::int as duplicates from source_position',
  )
  // The one with another body is a letter of its own: a forged wire makes nothing vanish.
  assert.deepEqual(rows[0], { letters: 3, duplicates: 1 })
  assert.equal(await letterCount(store), 3)
})
