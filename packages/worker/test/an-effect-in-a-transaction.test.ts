import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { effectsTableSql, postgresEffects } from '@redrive/worker/effects/postgres'
import type pg from 'pg'
import { systemClock } from '../src/clock.ts'
import type { Effects } from '../src/effects/effects.ts'
import { effectsOf } from '../src/effects/effects-of.ts'
import { openPool } from './database.ts'

const pool = openPool()
await pool.query(effectsTableSql())
await pool.query('create table bookings (letter text not null)')
const store = postgresEffects(pool)

function effectsFor(letterId: string): Effects {
  return effectsOf(
    {
      consumer: 'reefer',
      letterId,
      named: true,
      message: { key: null, body: null, headers: [] },
      failedAtMs: null,
      signal: new AbortController().signal,
      isOver: () => false,
    },
    { store, id: null, leaseMs: 60_000, keepMs: 86_400_000, timeoutMs: 30_000, clock: systemClock },
  )
}

const book = (client: pg.PoolClient, letterId: string): Promise<number> =>
  effectsFor(letterId)
    .in(client)
    .once('book', async () => {
      await client.query('insert into bookings values ($1)', [letterId])
      return (await client.query('select count(*)::int as n from bookings where letter = $1', [letterId])).rows[0].n
    })

async function bookings(letterId: string): Promise<number> {
  return (await pool.query('select from bookings where letter = $1', [letterId])).rows.length
}

async function inTransaction<T>(run: (client: pg.PoolClient) => Promise<T>, isolation = ''): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query(`begin ${isolation}`)
    const answer = await run(client)
    await client.query('commit')
    return answer
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

test('the record is committed with the writes, and then stands', async () => {
  const id = randomUUID()
  for (const isolation of ['', 'isolation level repeatable read', 'isolation level serializable'])
    assert.equal(await inTransaction((client) => book(client, id), isolation), 1)
  assert.equal(await bookings(id), 1)
})

test('a rollback takes the record with it, whatever caused it: nothing is maybe', async () => {
  const id = randomUUID()
  await assert.rejects(
    inTransaction(async (client) => {
      await book(client, id)
      throw new Error('a later step')
    }),
    /a later step/,
  )
  await assert.rejects(
    inTransaction((client) =>
      effectsFor(id)
        .in(client)
        .once('book', () => client.query('select 1 / 0')),
    ),
    /division by zero/,
  )
  const lost = await pool.connect()
  await lost.query('begin')
  await book(lost, id)
  const [{ pid }] = (await lost.query('select pg_backend_pid() as pid')).rows
  lost.on('error', () => undefined)
  // Waits until it has gone: while it is there, it holds its row, and the next one is told to come again.
  await pool.query('select pg_terminate_backend($1, 30_000)', [pid])
  lost.release(true)
  assert.equal(await bookings(id), 0)
  assert.equal(await inTransaction((client) => book(client, id)), 1)
  assert.equal(await bookings(id), 1)
})

test('of two transactions at the same moment one books; the other is told to come again, at once', async () => {
  const id = randomUUID()
  await inTransaction(async (first) => {
    await book(first, id)
    await assert.rejects(
      inTransaction((second) => book(second, id)),
      { code: 'EFFECT_BUSY' },
    )
  })
  assert.equal(await inTransaction((client) => book(client, id)), 1)
  assert.equal(await bookings(id), 1)
})

test('twenty transactions that come again until they hear the result book once', async () => {
  const id = randomUUID()
  const persist = async (): Promise<number> => {
    for (let tries = 0; tries < 500; tries++) {
      try {
        return await inTransaction((client) => book(client, id), 'isolation level repeatable read')
      } catch (error) {
        const { code } = (error as { cause?: { code?: string }; code?: string }).cause ?? (error as { code?: string })
        if (code !== 'EFFECT_BUSY' && code !== '40001') throw error
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    throw new Error('never')
  }
  assert.deepEqual(await Promise.all(Array.from({ length: 20 }, persist)), Array(20).fill(1))
  assert.equal(await bookings(id), 1)
})

test('a client without a transaction is found out', async () => {
  const id = randomUUID()
  const client = await pool.connect()
  await assert.rejects(book(client, id), (error) => /no transaction/.test(String((error as Error).cause ?? error)))
  client.release()
})

test('inside and beside know each other', async () => {
  const id = randomUUID()
  assert.equal(await effectsFor(id).once('book', () => 7), 7)
  assert.equal(await inTransaction((client) => book(client, id)), 7)
  const other = randomUUID()
  await inTransaction((client) => book(client, other))
  assert.equal(await effectsFor(other).once('book', () => 8), 1)
})
