import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Broker, decodeWire, type Message, PermanentError } from '@redrive/worker'
import { memoryHold } from '@redrive/worker/hold'
import { memoryBroker, memoryStore } from '@redrive/worker/memory'
import { editLetter } from '../src/repair/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { type OfficeBed, officeBed, until, uuidOf } from './office-bed.ts'

const orders = { query: 'queue:orders' }
const v2 = { destination: { broker: 'memory', place: 'orders-v2' } } as const

async function withV2(t: Parameters<typeof officeBed>[0]): Promise<OfficeBed> {
  const bed = await officeBed(t)
  await bed.broker.prepare([{ place: 'orders-v2', role: 'source' }])
  return bed
}

const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString()

/** A broker of another system whose headers are a table, as RabbitMQ's are. */
function tableBroker(): { readonly broker: Broker; messages(place: string): readonly Message[] } {
  const store = memoryStore()
  const memory = memoryBroker({ store })
  const broker: Broker = {
    ...memory,
    system: 'table',
    capabilities: {
      ...memory.capabilities,
      headers: { duplicates: false, nulls: false, order: false },
      misfits: { key: 'aside', nullBody: 'aside', headers: 'aside', headerTypes: 'lost', milliseconds: 'lost' },
      maxBytes: 5_000,
    },
  }
  return {
    broker,
    messages: (place) => [...(store.places.get(place)?.held.values() ?? [])].map((held) => held.message),
  }
}

test('another consumer at another place handles them, as they were edited, and says so', async (t) => {
  const bed = await withV2(t)
  const [edited] = await bed.captured(
    { body: '{"currency":"eur"}', key: 'k-1', headers: [{ name: 'tenant', value: Buffer.from('zürich') }] },
    { body: 'as it was', key: null },
  )
  await editLetter(bed.store, {
    letter: showLetterId(edited ?? ''),
    by: 'ann',
    reason: 'the gateway wrote eur',
    change: { patch: '[{"op":"replace","path":"/currency","value":"EUR"}]' },
  })
  const plan = await bed.plan(orders, v2)
  assert.deepEqual(plan.destination, v2.destination)
  assert.deepEqual(plan.places, [{ broker: 'memory', place: 'orders-v2', letters: 2 }])
  assert.deepEqual([plan.skipped, plan.changes, plan.listeners], [{}, [], []])
  assert.equal(plan.target?.system, 'memory')

  const handled: Message[] = []
  await bed.worker({
    queue: 'orders-v2',
    consumer: 'shipping',
    handle: async (message) => void handled.push(message),
  })
  bed.replayer()
  const { id } = await bed.run(plan)
  const run = await until('both are confirmed', async () => {
    const view = await bed.runOf(id)
    // A receipt may be quicker than the mark of its send.
    return view.outcomes.confirmed === 2 && view.sends.intended === 0 ? view : undefined
  })
  assert.equal(run.sends.sent, 2)
  assert.deepEqual(handled.map(({ body }) => text(body)).toSorted(), ['as it was', '{"currency":"EUR"}'])
  const first = handled.find(({ key }) => key !== null)
  assert.deepEqual(
    [text(first?.key), first?.headers.map(({ name, value }) => [name, text(value)])],
    ['k-1', [['tenant', 'zürich']]],
  )
  assert.deepEqual(await bed.states(), { replayed: 2 })
  await bed.balanced()
})

test('whom the plan does not mean takes no redirected message for theirs', async (t) => {
  const bed = await withV2(t)
  await bed.captured({})
  bed.replayer()
  await bed.replayed(orders, v2)
  const [message] = bed.messages('orders-v2')
  const wire = decodeWire(message?.headers ?? [])?.wire
  assert.deepEqual([wire?.redirected, wire?.origin.place, wire?.origin.consumer], [true, 'orders-v2', ''])
  // Somebody forwards it: from there on it is a message like any other.
  await bed.broker.send('orders', [{ message: message as Message }])
  const replays: (string | null)[] = []
  await bed.worker({ handle: async (_, attempt) => void replays.push(attempt.replayId) })
  await until('handled', () => (replays.length === 1 ? true : undefined))
  assert.deepEqual(replays, [null])
})

test('what dies there is a letter of that place, linked to its replay, and goes on in the lane of who failed', async (t) => {
  const bed = await withV2(t)
  await bed.captured({ body: 'dies twice' })
  const places = ['orders-v2-dead-letter', 'orders-v2-retries-shipping'] as const
  await bed.broker.prepare(places.map((place) => ({ place, role: 'lane' })))
  const worker = await bed.worker({
    queue: 'orders-v2',
    consumer: 'shipping',
    // Into the place the office reads.
    deadLetter: 'orders-dead-letter',
    retry: { maxAttempts: 1 },
    handle: () => Promise.reject(new Error('not here either')),
  })
  bed.replayer()
  const { id } = await bed.replayed(orders, v2)
  const run = await until('returned', async () => {
    const view = await bed.runOf(id)
    return view.outcomes.returned === 1 ? view : undefined
  })
  assert.equal(run.sends.sent, 1)
  await until('captured', async () => ((await bed.states())['open'] === 1 ? true : undefined))
  await worker.stop()
  const again = await bed.plan({ query: 'queue:orders-v2' })
  assert.deepEqual(again.places, [{ broker: 'memory', place: 'orders-v2-retries-shipping', letters: 1 }])
})

test('a broker of another system gets what it can carry, and the plan names what it cannot', async (t) => {
  const bed = await officeBed(t)
  const table = tableBroker()
  bed.brokers.set('table', table.broker)
  await table.broker.prepare([{ place: 'orders', role: 'source' }])
  const header = (name: string, value: string | null) => ({ name, value: value === null ? null : Buffer.from(value) })
  await bed.captured(
    { body: 'plain', key: null },
    { body: 'rich', key: 'k', headers: [header('a', '1'), header('b', null)] },
    { body: 'twice', headers: [header('a', '1'), header('a', '2')] },
    { body: 'x'.repeat(6_000), key: null },
  )
  await bed.store.pool.query(
    `update letter_content set properties = '{"contentType":"a/b","priority":3}', timestamp_ms = 1700000000123 where body = 'rich'`,
  )
  await bed.store.pool.query(`update letter_content set timestamp_ms = 1700000000000 where body <> 'rich'`)
  const plan = await bed.plan(orders, { destination: { broker: 'table', place: 'orders' } })
  assert.deepEqual(plan.skipped, { 'header-twice': 1 })
  assert.deepEqual(
    plan.changes.map(({ what, name, letters }) => `${letters} ${what}${name === null ? '' : ` ${name}`}`).toSorted(),
    [
      '1 header-null',
      '1 header-order',
      '1 headers-aside',
      '1 key-aside',
      '1 milliseconds',
      '1 property contentType',
      '1 property priority',
      '1 too-large',
      '3 partition',
    ],
  )
  bed.replayer()
  const { id } = await bed.run(plan)
  const run = await until('done', async () => {
    const view = await bed.runOf(id)
    return view.state === 'done' ? view : undefined
  })
  assert.equal(run.sends.sent, 3)
  const sent = table.messages('orders')
  const rich = sent.find(({ body }) => text(body) === 'rich')
  assert.deepEqual(
    rich?.headers.map(({ name }) => name),
    ['a', 'b', 'redrive'],
  )
  assert.equal(rich?.properties, undefined)
  assert.deepEqual(await bed.states(), { open: 1, replayed: 3 })
  await bed.balanced()
})

test('the digest is of one destination', async (t) => {
  const bed = await withV2(t)
  await bed.broker.prepare([{ place: 'orders-v3', role: 'source' }])
  await bed.captured({})
  const nowMs = Date.now()
  const digests = new Set<string>()
  for (const place of ['orders', 'orders-v2', 'orders-v3']) {
    const options = { nowMs, destination: { broker: 'memory', place } }
    const [one, other] = [await bed.plan(orders, options), await bed.plan(orders, options)]
    assert.equal(one.digest, other.digest)
    digests.add(one.digest)
  }
  digests.add((await bed.plan(orders, { nowMs, destination: 'origin' })).digest)
  assert.equal(digests.size, 4)
})

test('a consumer without our library leaves the outcome presumed', async (t) => {
  const bed = await withV2(t)
  await bed.captured({})
  bed.replayer({ outcomeWindowSeconds: 0 })
  const { id } = await bed.replayed(orders, v2)
  await until('presumed', async () => ((await bed.runOf(id)).outcomes.presumed === 1 ? true : undefined))
})

test('where nothing is, or everything comes back from, nothing is planned', async (t) => {
  const bed = await withV2(t)
  await bed.captured({})
  const second = memoryBroker({ store: bed.memory })
  bed.brokers.set('second', second)
  await bed.broker.prepare(
    ['orders-v2.DLQ', 'billing_dead_letter'].map((place) => ({ place, role: 'source' as const })),
  )
  // The third is read by nobody yet, but is to be.
  const intakes = [{ broker: 'second', place: 'failed', role: 'dead-letter' as const }]
  await until('both are captured from', async () => {
    const { rowCount } = await bed.store.pool.query('select from source')
    return rowCount === 2 ? true : undefined
  })
  const refused: readonly [string, string, RegExp, RegExp][] = [
    ['nowhere', 'orders', /no connection named "nowhere"/, /It has: memory, second\./],
    [
      'memory',
      'orders-v3',
      /no place "orders-v3" on memory/,
      /On memory there are, among others: "orders"\. Create it/,
    ],
    ['memory', 'x'.repeat(250), /no place "x+" on memory/, /Create it/],
    ['memory', 'orders-dead-letter', /captures dead letters from it \(connection memory\)/, /somebody handles/],
    ['second', 'orders-dead-letter', /captures dead letters from it \(connection memory\)/, /somebody handles/],
    ['memory', 'redrive-receipts', /captures receipts from it/, /somebody handles/],
    ['memory', 'failed', /captures dead letters from it \(connection second\)/, /somebody handles/],
    ['memory', 'orders-v2.DLQ', /By its name it holds dead letters/, /somebody handles/],
    ['memory', 'billing_dead_letter', /By its name it holds dead letters/, /somebody handles/],
  ]
  for (const [broker, place, message, hint] of refused) {
    const planning = bed.plan(orders, { intakes, destination: { broker, place } })
    await assert.rejects(planning, { code: 'REQUEST_INVALID', message, hint } as never, `${broker}:${place}`)
  }
  const { rows } = await bed.store.pool.query('select count(*)::int as plans from plan')
  assert.deepEqual(rows, [{ plans: 0 }])
})

test('a place that is gone when the run begins stops it, and every letter is open', async (t) => {
  const bed = await withV2(t)
  const bodies = Array.from({ length: 30 }, (_, n) => `body ${n}`)
  await bed.captured(...bodies.map((body) => ({ body })))
  const plan = await bed.plan(orders, { ...v2, control: { canary: 5, pace: 10_000 } })
  bed.memory.places.delete('orders-v2')
  bed.replayer()
  const { id } = await bed.run(plan)
  const run = await until('stopped', async () => {
    const view = await bed.runOf(id)
    return view.state === 'running' ? undefined : view
  })
  assert.equal(run.state, 'paused')
  assert.match(run.stopped?.why ?? '', /5 of 5 canary letters were not sent for certain/)
  assert.deepEqual(run.sends, { intended: 0, sent: 0, notSent: 5, uncertain: 0 })
  const { rows } = await bed.store.pool.query('select distinct why from attempt where run_id = $1', [uuidOf(id)])
  assert.deepEqual(rows, [{ why: 'there is no place "orders-v2"' }])
  assert.deepEqual(await bed.states(), { open: 5, replaying: 25 })
  await bed.balanced()
})

test('a letter whose worker keeps the order of its key is not sent elsewhere: its key would wait for it for ever', async (t) => {
  const bed = await withV2(t)
  await bed.worker({
    order: 'key',
    hold: { store: memoryHold() },
    handle: () => {
      throw new PermanentError('a bug')
    },
  })
  await bed.produce({ key: Buffer.from('k-1'), body: Buffer.from('one'), headers: [] })
  await until('it is dead', async () => ((await bed.states())['open'] === 1 ? true : undefined))
  const plan = await bed.plan(orders, v2)
  assert.deepEqual([plan.letters, plan.skipped], [0, { 'in-line': 1 }])
})
