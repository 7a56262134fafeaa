import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import type { Header, Message } from '@redrive/worker'
import { type CaptureEvent, startCapture } from '../src/capture/index.ts'
import { changeRules } from '../src/causes/index.ts'
import { checkLedger } from '../src/ledger/index.ts'
import { decodeHeaders } from '../src/store/header-list.ts'
import { foreignLetter, ourLetter } from '../src/testing/letters.ts'
import { logBroker } from '../src/testing/log-broker.ts'
import { openedStore, until } from '../src/testing/opened-store.ts'
import { countsAreRight, regrouped } from './regroup-bed.ts'

const place = 'orders-dead-letter'
const source = { place, role: 'dead-letter' } as const
const text = (name: string, value: string | Buffer): Header => ({ name, value: Buffer.from(value) })

const hostile: readonly Message[] = [
  { key: null, body: Buffer.alloc(10 * 1024 * 1024, 'x'), headers: [] },
  { key: null, body: null, headers: [text('large', Buffer.alloc(1024 * 1024, 0xff))] },
  {
    key: Buffer.from([0]),
    body: Buffer.from([0, 0xff, 0xc3, 0x28, 0]),
    headers: [text('nul\0name', '\0'), text('nul\0name', '')],
  },
  {
    key: Buffer.alloc(0),
    body: Buffer.alloc(0),
    headers: [
      { name: '', value: null },
      { name: '\ud800', value: Buffer.from('x') },
    ],
  },
  {
    key: null,
    body: Buffer.from('{"a":'.repeat(100_000)),
    headers: [text('redrive', '{"v":1'), text('redrive-stack', '\xff\xfe')],
  },
  ourLetter(1, { id: '\0'.repeat(40), stack: `E\0rror: ${'a\ud800'.repeat(40_000)}` }),
  ourLetter(2, {
    origin: {
      system: 'kafka',
      place: `x\0${'p'.repeat(5_000)}`,
      consumer: '\0',
      partition: '\0',
      position: '9'.repeat(400),
      nativeId: null,
      timestampMs: 8.64e15,
    },
    attempts: 1e9,
    firstFailedAtMs: 8.64e15,
    lastFailedAtMs: 8.64e15,
    replayId: 'no uuid',
    hops: 1e9,
    failure: { errorClass: '\0', rootClass: 'C\0'.repeat(1_000), message: 'm\0\ud800'.repeat(2_000) },
    worker: { service: '\0', release: 'r\0'.repeat(500), host: '\u{1f600}'.repeat(500) },
  }),
  {
    key: null,
    body: Buffer.from('spring'),
    timestampMs: Number.NaN,
    properties: { priority: '\0\ud800', deep: { '\0': [null, 1e308] } },
    headers: [
      text('kafka_dlt-original-topic', 'orders\0'),
      text('kafka_dlt-original-offset', 'no number'),
      text('kafka_dlt-exception-fqcn', `a.${'B'.repeat(10_000)}`),
      text('kafka_dlt-exception-message', Buffer.alloc(100_000, 0xc3)),
      text('kafka_dlt-exception-stacktrace', `java.lang.E: x\n${'\tat a.b(C.java:1)\n'.repeat(20_000)}`),
      text('x-death', '[[[['),
    ],
  },
]

test('whatever bytes a letter has, it is kept as it is and those around it too', async (context) => {
  const store = await openedStore(context)
  const broker = logBroker({ kind: 'positions' })
  const around = Array.from({ length: hostile.length + 1 }, (_, n) => foreignLetter(`ordinary ${n}`))
  const messages = around.flatMap((message, n) => [message, ...hostile.slice(n, n + 1)])
  broker.append(place, ...messages)
  const capture = startCapture({ store, broker, brokerName: 'main', source, consumer: 'redrive' })
  context.after(() => capture.stop())
  await until(() => broker.acked.length === messages.length)
  const { rows } = await store.pool.query<{
    position: string
    key: Buffer | null
    body: Buffer | null
    body_sha256: Buffer
    headers: Buffer
    properties: Buffer | null
  }>('select * from letter_content order by position')
  assert.equal(rows.length, messages.length)
  for (const [n, message] of messages.entries()) {
    const row = rows[n]
    assert.ok(row !== undefined)
    assert.deepEqual(row.key, message.key === null ? null : Buffer.from(message.key), `key of ${n}`)
    assert.ok(
      row.body === null ? message.body === null : row.body.equals(message.body ?? Buffer.from('absent')),
      `body of ${n}`,
    )
    assert.equal(row.body_sha256.toString('hex'), hash('sha256', message.body ?? Buffer.alloc(0), 'hex'))
    assert.deepEqual(
      decodeHeaders(row.headers).map(({ name, value }) => [name, value && Buffer.from(value)]),
      message.headers.map(({ name, value }) => [name, value && Buffer.from(value)]),
    )
    assert.equal(
      row.properties?.toString() ?? null,
      message.properties === undefined ? null : JSON.stringify(message.properties),
    )
  }
  assert.equal((await checkLedger(store)).unaccounted, 0)
})

test('a letter the database refuses is kept alone, with its bytes, without facts and with the reason', async (context) => {
  const store = await openedStore(context)
  await store.pool.query(`alter table letter_content add constraint no_poison check (message not like '%poison%')`)
  const broker = logBroker({ kind: 'positions' })
  const poison = (n: number): Message =>
    ourLetter(n, {
      failure: { errorClass: 'E', rootClass: 'E', message: `poison ${n}` },
      replayId: '01890a5d-ac96-774b-bcce-b302099a8057',
    })
  const messages = Array.from({ length: 700 }, (_, n) => (n === 3 || n === 350 || n === 351 ? poison(n) : ourLetter(n)))
  broker.append(place, ...messages)
  const events: CaptureEvent[] = []
  const capture = startCapture({
    store,
    broker,
    brokerName: 'main',
    source,
    consumer: 'redrive',
    onEvent: (event) => events.push(event),
  })
  context.after(() => capture.stop())
  await until(() => broker.acked.length === messages.length)
  const { rows } = await store.pool.query<{
    position: string
    body: Buffer
    readers: string[]
    reason: string
    queue: string
  }>(
    `select c.*, q.name as queue from letter_content c join letter l using (id) join queue q on q.id = l.queue_id where c.readers = '{}' order by position`,
  )
  assert.deepEqual(
    rows.map(({ position }) => position),
    ['3', '350', '351'],
  )
  for (const row of rows) {
    assert.match(row.reason, /^not storable as read: .*no_poison/)
    assert.deepEqual(row.body, messages[Number(row.position)]?.body)
    assert.equal(row.queue, 'orders')
  }
  assert.equal(events.filter(({ kind }) => kind === 'hostile').length, 3)
  const report = await checkLedger(store)
  assert.deepEqual([report.captured, report.unaccounted, report.sources[0]?.duplicates], [700, 0, 0])
})

test('a letter that is kept without facts is placed by the rules as it is kept', async (context) => {
  const store = await openedStore(context)
  await store.pool.query(`alter table letter_content add constraint no_poison check (message not like '%poison%')`)
  const change = { kind: 'rule', name: 'ours', where: ['header:redrive'], per: 'reason' } as const
  await changeRules(store, { change, by: 'ann', reason: 'test' })
  const broker = logBroker({ kind: 'positions' })
  const failure = { errorClass: 'E', rootClass: 'E', message: 'poison' }
  const messages = Array.from({ length: 20 }, (_, n) => ourLetter(n, n === 3 ? { failure } : {}))
  broker.append(place, ...messages)
  const capture = startCapture({ store, broker, brokerName: 'main', source, consumer: 'redrive' })
  context.after(() => capture.stop())
  await until(() => broker.acked.length === messages.length)
  const { rows } = await store.pool.query<{ letters: number; said: string }>(
    `select count(*)::int as letters, left(c.parts ->> 'value', 20) as said from letter l join cause c on c.id = l.cause_id
       join letter_home h on h.letter_id = l.id join cause home on home.id = h.cause_id where c.basis = 'rule' group by 2 order by 1`,
  )
  assert.deepEqual(rows, [
    { letters: 1, said: 'not storable as read' },
    { letters: 19, said: 'attempts' },
  ])
  await countsAreRight(store)
  await store.pool.query(
    `insert into regrouping (rule_id, what, over, ids, until)
     select id, 'order', 'queue', array(select queue.id::bigint from queue), 'ffffffff-ffff-ffff-ffff-ffffffffffff' from cause_rule`,
  )
  await regrouped(store)
  const { rows: works } = await store.pool.query('select looked, moved from regrouping order by id desc limit 1')
  assert.deepEqual(works, [{ looked: '20', moved: '0' }])
})
