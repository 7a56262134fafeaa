import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openPgBoss } from '../src/open-pg-boss.ts'
import { testDatabase } from '../src/testing/database.ts'

test('jobs of a pg-boss in another schema are written and read', async (t) => {
  const database = await testDatabase()
  const opened = await openPgBoss({ connectionString: database.url, schema: 'shop_jobs' }, assert.ifError)
  t.after(async () => {
    await opened.close()
    await database.drop()
  })
  const { broker } = opened
  await broker.prepare([{ place: 'orders', role: 'source' }])
  const message = { key: null, body: new TextEncoder().encode('{"n":1}'), headers: [] }
  const [sent] = await broker.send('orders', [{ message }])
  assert.equal(sent?.kind, 'sent')
  assert.equal((await broker.depth('orders')).messages, 1)
})
