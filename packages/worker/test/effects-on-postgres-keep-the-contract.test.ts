import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { effectsTableSql, postgresEffects } from '@redrive/worker/effects/postgres'
import { testEffectStore } from '@redrive/worker/testing'
import { openPool } from './database.ts'

const pool = openPool()
const otherPool = openPool()

async function newTable(): Promise<string> {
  const table = `effects_${randomUUID().replaceAll('-', '')}`
  await pool.query(effectsTableSql({ table }))
  return table
}

testEffectStore('postgres', {
  async create() {
    const table = await newTable()
    return {
      store: postgresEffects(pool, { table }),
      other: postgresEffects(otherPool, { table }),
      // The server's clock is not ours to turn, so the records are moved into the past.
      async advance(ms) {
        await pool.query(
          `update ${table} set began_at = began_at - $1 * interval '1 millisecond',
            lease_until = lease_until - $1 * interval '1 millisecond', expires_at = expires_at - $1 * interval '1 millisecond'`,
          [ms],
        )
      },
      async dispose() {
        await pool.query(`drop table ${table}`)
      },
    }
  },
})

test('the statements of the table may run again, also for a table in a schema', async () => {
  await pool.query('create schema "Mine"')
  for (const table of ['Mine.Effects', 'Mine.Effects', 'redrive_effects'])
    await pool.query(effectsTableSql({ table })).then(() => postgresEffects(pool, { table }).look('00'))
})

test('a name of a table that is none is refused before it is sent', () => {
  for (const table of ['', 'a.b.c', 'a"; drop table x; --', 'a b', '1a', 'ä', 'x'.repeat(64)]) {
    assert.throws(() => postgresEffects(pool, { table }), { code: 'OPTION_INVALID' }, table)
    assert.throws(() => effectsTableSql({ table }), { code: 'OPTION_INVALID' }, table)
  }
})

test('what has expired goes by itself, and nothing else', async () => {
  const table = await newTable()
  const store = postgresEffects(pool, { table })
  await pool.query(
    `insert into ${table} (key, what, state, token, begins, began_at, lease_until, expires_at)
     select decode(md5(n::text), 'hex'), '', case when n % 2 = 0 then 'done' else 'begun' end, '', 1, now(), now(),
       now() + case when n <= 2500 then -1 else 1 end * interval '1 day'
     from generate_series(1, 3000) n`,
  )
  const count = async (): Promise<number> => Number((await pool.query(`select count(*) from ${table}`)).rows[0].count)
  const endMs = Date.now() + 30_000
  let begun = 0
  while ((await count()) !== 500 + begun) {
    assert.ok(Date.now() < endMs, `${await count()} records are left`)
    await Promise.all(
      Array.from({ length: 100 }, () =>
        store.begin(randomUUID().replaceAll('-', ''), { token: 't', leaseMs: 1_000, keepMs: 60_000, what: '' }),
      ),
    )
    begun += 100
  }
  assert.ok(begun <= 1_600, `${begun} effects were begun until everything was removed`)
  await pool.query(`drop table ${table}`)
})

test('what happens to a record rewrites no index', async () => {
  const table = await newTable()
  const store = postgresEffects(pool, { table })
  for (let n = 0; n < 100; n++) {
    const key = n.toString(16).padStart(64, '0')
    await store.begin(key, { token: 't', leaseMs: 1_000, keepMs: 60_000, what: '' })
    await store.settle(key, { token: 't', kind: 'done', result: '["ch_1"]' })
  }
  await pool.query('select pg_stat_force_next_flush()')
  const endMs = Date.now() + 20_000
  for (;;) {
    const { rows } = await pool.query(
      'select n_tup_upd::int as updated, n_tup_hot_upd::int as hot from pg_stat_all_tables where relname = $1',
      [table],
    )
    if (rows[0].updated === 100) return assert.equal(rows[0].hot, 100)
    assert.ok(Date.now() < endMs, JSON.stringify(rows[0]))
    await new Promise((resolve) => setTimeout(resolve, 50))
    await Promise.all(Array.from({ length: 10 }, () => pool.query('select pg_stat_force_next_flush()')))
  }
})
