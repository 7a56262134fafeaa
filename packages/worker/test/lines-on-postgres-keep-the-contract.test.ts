import { randomUUID } from 'node:crypto'
import { holdTableSql, postgresHold } from '@redrive/worker/hold/postgres'
import { testHoldStore } from '@redrive/worker/testing'
import { openPool } from './database.ts'

const pool = openPool()
const otherPool = openPool()

testHoldStore('postgres', {
  async create() {
    const table = `hold_${randomUUID().replaceAll('-', '')}`
    await pool.query(holdTableSql({ table }))
    await pool.query(holdTableSql({ table }))
    return {
      store: postgresHold(pool, { table }),
      other: postgresHold(otherPool, { table }),
      dispose: async () => void (await pool.query(`drop table ${table}`)),
    }
  },
})
