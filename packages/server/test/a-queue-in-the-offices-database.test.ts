import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createWorker, type Message } from '@redrive/worker'
import pg from 'pg'
import { defaults } from '../src/config/index.ts'
import { checkConfig } from '../src/main.ts'
import { openPgBoss } from '../src/open-pg-boss.ts'
import { createPlan, noControl, startReplayer, startRun } from '../src/replay/index.ts'
import { isSameDatabase } from '../src/store/same-database.ts'
import { openStore } from '../src/store/store.ts'
import { testDatabase } from '../src/testing/database.ts'
import { startCaptures, until } from './office-bed.ts'

const bodyOf = ({ body }: Message): string => Buffer.from(body ?? []).toString()

for (const isWithin of [true, false]) {
  const where = isWithin ? 'the office’s own database: in one transaction' : 'another database: the usual way'
  test(`letters of pg-boss in ${where}, handled and confirmed`, async (t) => {
    const closers: (() => Promise<unknown>)[] = []
    t.after(async () => {
      for (const close of closers.toReversed()) await close()
    })
    const database = await testDatabase()
    closers.push(() => database.drop())
    const queue = isWithin ? database : await testDatabase()
    if (!isWithin) closers.push(() => queue.drop())
    const store = await openStore({ url: database.url, allowUnsafe: true })
    closers.push(() => store.close())
    const open = async () => {
      const { broker, close } = await openPgBoss({ connectionString: queue.url, schema: 'pgboss' }, () => undefined)
      closers.push(close)
      return broker
    }
    const broker = await open()
    await broker.prepare([{ place: 'redrive-receipts', role: 'receipts' }])
    let broken = true
    const handled: string[] = []
    const worker = createWorker({
      broker: await open(),
      queue: 'orders',
      consumer: 'reefer',
      retry: { maxAttempts: 1 },
      handle(message) {
        if (broken) throw new TypeError('broken')
        handled.push(bodyOf(message))
      },
    })
    await worker.start()
    closers.push(() => worker.stop())
    for (const capture of startCaptures(store, 'boss', () => broker)) closers.push(() => capture.stop())
    const bodies = Array.from({ length: 20 }, (_, n) => `order ${n}`)
    await broker.send(
      'orders',
      bodies.map((body) => ({ message: { key: null, body: Buffer.from(body), headers: [] } })),
    )
    await until('all are captured', async () => {
      const { rows } = await store.pool.query(`select from letter where state = 'open'`)
      return rows.length === bodies.length ? true : undefined
    })
    broken = false

    const brokers = new Map([['boss', broker]])
    const within = new Set((await isSameDatabase(database.url, queue.url)) ? ['boss'] : [])
    const replayer = startReplayer({ store, brokers, within, pollMs: 20 })
    closers.push(() => replayer.stop())
    const asked = { selection: { query: 'queue:orders' }, by: 'test', reason: null, nowMs: Date.now() }
    const control = { ...noControl, pace: 40 }
    const plan = await createPlan(store, brokers, {
      ...asked,
      destination: 'lane',
      control,
      limits: { beyondCap: true },
    })
    await startRun(store, { plan, by: 'test' })
    await until('all are confirmed', async () => {
      const { rows } = await store.pool.query('select sum(confirmed)::int as confirmed from intent')
      return rows[0]?.confirmed === bodies.length ? true : undefined
    })
    assert.deepEqual(handled.toSorted(), bodies.toSorted())
    const { rows } = await store.pool.query(
      'select bool_and(is_within) as every, bool_or(is_within) as some from intent',
    )
    assert.deepEqual(rows, [{ every: isWithin, some: isWithin }])
  })
}

test('addresses lead to one database or not, and the check of a configuration says so', async (t) => {
  const [database, other] = [await testDatabase(), await testDatabase()]
  t.after(() => Promise.all([database.drop(), other.drop()]))
  const named = (url: string, name: string): string => `${url}${url.includes('?') ? '&' : '?'}application_name=${name}`
  assert.equal(await isSameDatabase(database.url, named(database.url, 'x')), true)
  assert.equal(await isSameDatabase(database.url, other.url), false)
  assert.equal(await isSameDatabase(database.url, 'postgres://localhost:1/nowhere'), false)

  const lines = (url: string) =>
    checkConfig(
      {
        ...defaults,
        database: database.url,
        archive: null,
        brokers: {
          main: {
            type: 'pg-boss',
            url,
            schema: 'pgboss',
            deadLetters: [],
            receipts: 'redrive-receipts',
            consumer: 'redrive-office',
          },
        },
      } as never,
      { allowUnsafe: true },
    )
  await assert.rejects(checkConfig({ ...defaults, database: database.url, archive: null, brokers: {} } as never), {
    code: 'DATABASE_UNSAFE',
  })
  assert.deepEqual(await lines(database.url), [
    'database: yours, it answers',
    'brokers.main: pg-boss, it answers',
    'brokers.main: in the database of the office: a letter is sent and marked in one transaction',
  ])
  assert.equal((await lines(other.url)).length, 2)
})

test('an office whose role may not do what the queue’s may is no part of its database', async (t) => {
  const database = await testDatabase()
  const client = new pg.Client(database.url)
  await client.connect()
  const role = `poor_${process.pid}`
  t.after(async () => {
    await client.query(`drop role ${role}`)
    await client.end()
    await database.drop()
  })
  await client.query(`create role ${role} login`)
  const poor = Object.assign(new URL(database.url), { username: role }).href
  assert.equal(await isSameDatabase(poor, database.url), false)
  assert.equal(await isSameDatabase(database.url, poor), true, 'a superuser may do everything')
})
