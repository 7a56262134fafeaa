import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createWorker, type Message } from '@redrive/worker'
import { holdTableSql, postgresHold } from '@redrive/worker/hold/postgres'
import pg from 'pg'
import { checkLedger } from '../src/ledger/index.ts'
import { discardLetters } from '../src/letters/index.ts'
import { openPgBoss } from '../src/open-pg-boss.ts'
import { createPlan, noControl, startReplayer, startRun } from '../src/replay/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { openStore } from '../src/store/store.ts'
import { testDatabase } from '../src/testing/database.ts'
import { startCaptures, until } from './office-bed.ts'

const bodyOf = ({ body }: Message): string => Buffer.from(body ?? []).toString()
/** Jobs have no keys, so it is in the body. */
const keyOf = (message: Message): string => bodyOf(message).slice(0, 1)
const bodies = ['a1', 'b1', 'a2', 'c1', 'b2', 'a3', 'a4', 'c2', 'b3', 'a5']

test('on pg-boss, with two processes of a consumer, keys keep their order over deaths, replays and a discard', async (t) => {
  const database = await testDatabase()
  const closers: (() => Promise<unknown>)[] = [() => database.drop()]
  t.after(async () => {
    for (const close of closers.toReversed()) await close()
  })
  const store = await openStore({ url: database.url, allowUnsafe: true })
  closers.push(() => store.close())
  const pool = new pg.Pool({ connectionString: database.url, max: 4 })
  // Told by the server as the database goes, perhaps after the pool has ended.
  pool.on('error', () => undefined)
  closers.push(() => pool.end())
  await pool.query(holdTableSql())
  const open = async (): Promise<Awaited<ReturnType<typeof openPgBoss>>['broker']> => {
    const { broker, close } = await openPgBoss({ connectionString: database.url, schema: 'pgboss' }, () => undefined)
    closers.push(close)
    return broker
  }
  const broker = await open()
  await broker.prepare([
    { place: 'orders', role: 'source' },
    { place: 'orders-dead-letter', role: 'dead-letter' },
    { place: 'redrive-receipts', role: 'receipts' },
  ])

  const handled: string[] = []
  const broken = new Set(['a1', 'b1', 'a3'])
  const start = async (): Promise<void> => {
    const worker = createWorker({
      broker: await open(),
      queue: 'orders',
      consumer: 'reefer',
      order: 'key',
      key: keyOf,
      hold: { store: postgresHold(pool) },
      retry: { maxAttempts: 1 },
      handle(message) {
        if (broken.has(bodyOf(message))) throw new TypeError('broken')
        handled.push(bodyOf(message))
      },
    })
    await worker.start()
    closers.push(() => worker.stop())
  }
  await start()
  for (const capture of startCaptures(store, 'boss', () => broker)) closers.push(() => capture.stop())
  // One by one: a batch is handed out in whatever order.
  for (const [at, body] of bodies.entries()) {
    await broker.send('orders', [{ message: { key: null, body: Buffer.from(body), headers: [] } }])
    await until(`${body} has its place`, async () => {
      const { rows } = await store.pool.query('select from letter')
      return rows.length + handled.length === at + 1 ? true : undefined
    })
  }
  const openLetters = async (): Promise<readonly { readonly id: string; readonly body: string }[]> => {
    const { rows } = await store.pool.query<{ id: string; body: Buffer }>(
      `select l.id, c.body from letter l join letter_content c on c.id = l.id where l.state = 'open' order by l.id`,
    )
    return rows.map(({ id, body }) => ({ id: showLetterId(id), body: body.toString() }))
  }
  assert.deepEqual(handled.toSorted(), ['c1', 'c2'])
  assert.deepEqual((await openLetters()).map(({ body }) => body).toSorted(), ['a1', 'b1'])

  // Replays are now shared by two, and pg-boss gives them to whoever asks.
  await start()
  const brokers = new Map([['boss', broker]])
  const replayer = startReplayer({ store, brokers, pollMs: 20 })
  closers.push(() => replayer.stop())
  broken.delete('a1')
  for (const { id, body } of await openLetters()) {
    const selection = { letters: [id] }
    const asked = { selection, by: 'test', reason: 'a test', nowMs: Date.now() }
    if (body === 'b1') await discardLetters(store, asked)
    else await startRun(store, { plan: await createPlan(store, brokers, { ...asked, destination: 'lane', control: noControl }), by: 'test' }) // biome-ignore format: one line
  }
  await until('the third of a is dead itself', async () => {
    const letters = await openLetters()
    return letters.some(({ body }) => body === 'a3') ? true : undefined
  })
  broken.clear()
  const again = { selection: { letters: (await openLetters()).map(({ id }) => id) }, by: 'test', reason: null }
  const limits = { beyondCap: true }
  const plan = await createPlan(store, brokers, { ...again, limits, destination: 'lane', control: noControl, nowMs: Date.now() }) // biome-ignore format: one line
  await startRun(store, { plan, by: 'test' })
  await until('all are handled', () => (handled.length === 9 ? true : undefined))
  for (const [key, order] of Object.entries({ a: 'a1 a2 a3 a4 a5', b: 'b2 b3', c: 'c1 c2' }))
    assert.equal(handled.filter((body) => body.startsWith(key)).join(' '), order)
  assert.equal((await checkLedger(store)).unaccounted, 0)
  await until('its lines are empty', async () => {
    const { rows } = await pool.query<{ left: string[] }>('select letters as left from redrive_hold')
    return rows.every(({ left }) => left.length === 0) ? true : undefined
  })
})
