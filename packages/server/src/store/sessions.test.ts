import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { testDatabase } from '../testing/database.ts'
import { checkSessions } from './sessions.ts'

test('a server that gives only one session is told, and does not keep the pool from ending', async (t) => {
  const database = await testDatabase()
  const role = `alone_${process.pid}`
  const admin = new pg.Client(database.url)
  await admin.connect()
  t.after(async () => {
    await admin.query(`drop role ${role}`)
    await admin.end()
    await database.drop()
  })
  await admin.query(`create role ${role} login connection limit 1`)
  const url = new URL(database.url)
  url.username = role
  const pool = new pg.Pool({ connectionString: url.href, max: 2 })
  await assert.rejects(checkSessions(pool), { code: '53300' })
  await pool.end()
})
