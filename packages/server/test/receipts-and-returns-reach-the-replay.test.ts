import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { Message, Receipt } from '@redrive/worker'
import { type CaptureEvent, type CaptureHooks, type ReturnedLetter, startCapture } from '../src/capture/index.ts'
import { checkLedger } from '../src/ledger/index.ts'
import type { Store } from '../src/store/store.ts'
import { ourLetter } from '../src/testing/letters.ts'
import { type LogBroker, logBroker } from '../src/testing/log-broker.ts'
import { openedStore, until } from '../src/testing/opened-store.ts'

const receiptOf = (replayId: string, result: Receipt['result'] = 'handled'): Receipt => ({
  replayId,
  letterId: 'wire-1',
  result,
  attempts: 1,
  atMs: Date.now(),
  worker: { service: 'reefer', release: null, host: 'h\0' },
})
const messageOf = (body: unknown): Message => ({
  key: null,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  headers: [],
})

function startOn(
  store: Store,
  options: CaptureHooks & {
    readonly broker: LogBroker
    readonly role: 'receipts' | 'dead-letter'
    readonly events?: CaptureEvent[]
  },
): { stop(): Promise<void> } {
  const { role, events, ...rest } = options
  return startCapture({
    ...rest,
    store,
    brokerName: 'main',
    source: { place: 'place', role },
    consumer: 'redrive',
    onEvent: (event) => events?.push(event),
  })
}

test('receipts are kept once, told in the same transaction, and junk among them is kept as letters', async (context) => {
  const store = await openedStore(context)
  const broker = logBroker({ kind: 'positions' })
  const [one, two] = [randomUUID(), randomUUID()]
  const junk = [
    '',
    '{',
    'null',
    '[]',
    '{"replayId":"x"}',
    JSON.stringify({ ...receiptOf(one), attempts: 1e300 }),
    JSON.stringify({ ...receiptOf(one), atMs: -1 }),
  ]
  broker.append(
    'place',
    messageOf(receiptOf(one)),
    ...junk.map(messageOf),
    messageOf(receiptOf(two, 'failed')),
    messageOf(receiptOf(one, 'failed')),
  )
  const told: Receipt[] = []
  const capture = startOn(store, {
    broker,
    role: 'receipts',
    onReceipts: async (client, receipts) => {
      const { rows } = await client.query<{ n: number }>('select count(*)::int as n from receipt')
      assert.equal(rows[0]?.n, 2, 'the receipts are in this transaction')
      told.push(...receipts)
    },
  })
  context.after(() => capture.stop())
  await until(() => broker.acked.length === junk.length + 3)
  assert.deepEqual(
    told.map(({ replayId, result }) => [replayId, result]),
    [
      [one, 'handled'],
      [two, 'failed'],
    ],
  )
  const { rows } = await store.pool.query<{ result: string }>('select result from receipt where replay_id = $1', [one])
  assert.deepEqual(rows, [{ result: 'handled' }])
  const report = await checkLedger(store)
  assert.deepEqual([report.captured, report.sources[0]?.receipts, report.unaccounted], [junk.length, 3, 0])
})

test('letters that carry a replay id are told in the transaction that keeps them; a failing listener keeps none', async (context) => {
  const store = await openedStore(context)
  const broker = logBroker({ kind: 'positions' })
  const replayId = randomUUID()
  const events: CaptureEvent[] = []
  const told: ReturnedLetter[] = []
  let failing = true
  broker.append('place', ourLetter(1), ourLetter(2, { replayId, hops: 2 }))
  const capture = startOn(store, {
    broker,
    role: 'dead-letter',
    events,
    onReturned: async (client, letters) => {
      if (failing) throw new Error('not now')
      const { rows } = await client.query('select 1 from letter where id = any($1)', [
        letters.map(({ letterId }) => letterId),
      ])
      assert.equal(rows.length, 1)
      told.push(...letters)
    },
  })
  context.after(() => capture.stop())
  await until(() => events.some(({ kind }) => kind === 'paused'))
  assert.equal((await store.pool.query('select from letter')).rowCount, 0)
  assert.equal(broker.acked.length, 0)
  failing = false
  await until(() => broker.acked.length === 2)
  assert.deepEqual(
    told.map((letter) => letter.replayId),
    [replayId],
  )
  assert.ok(events.some(({ kind }) => kind === 'resumed'))
})

test('a receipt that cannot be kept is not acknowledged: it comes again', async (context) => {
  const store = await openedStore(context)
  const broker = logBroker({ kind: 'nothing' })
  const replayId = randomUUID()
  const events: CaptureEvent[] = []
  let failing = true
  broker.append('place', messageOf(receiptOf(replayId)))
  const capture = startOn(store, {
    broker,
    role: 'receipts',
    events,
    onReceipts: async () => {
      if (failing) throw new Error('not now')
    },
  })
  context.after(() => capture.stop())
  await until(() => events.some(({ kind }) => kind === 'paused'))
  assert.equal((await store.pool.query('select from receipt')).rowCount, 0)
  assert.equal(broker.acked.length, 0)
  failing = false
  await until(() => broker.acked.length === 1)
  assert.equal((await store.pool.query('select from receipt where replay_id = $1', [replayId])).rowCount, 1)
})
