import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startPgbouncer } from '../../../../tools/servers/pgbouncer.ts'
import { advisoryLocks } from '../../src/store/advisory-locks.ts'
import { alone } from '../../src/store/alone.ts'
import { tryDatabase } from '../../src/store/database.ts'
import { openStore } from '../../src/store/store.ts'
import { officeDatabase } from '../../src/testing/database.ts'

async function behind(t: TestContext, mode: 'session' | 'transaction'): Promise<string> {
  const database = await officeDatabase()
  const pgbouncer = await startPgbouncer({ to: database.url, mode })
  t.after(async () => {
    await pgbouncer.stop()
    await database.drop()
  })
  return pgbouncer.url
}

test('behind PgBouncer in transaction mode no office opens: a lock would be held by whoever comes next', async (t) => {
  const url = await behind(t, 'transaction')
  for (let time = 0; time < 3; time++)
    await assert.rejects(openStore({ url, allowUnsafe: true }), {
      code: 'DATABASE_UNSAFE',
      message: /pooler/,
      hint: /session/,
    })
  await assert.rejects(tryDatabase(url), { message: /pooler/ })
})

test('behind PgBouncer in session mode an office has its locks for itself', async (t) => {
  const url = await behind(t, 'session')
  const [one, other] = [await openStore({ url, allowUnsafe: true }), await openStore({ url, allowUnsafe: true })]
  t.after(() => Promise.all([one.close(), other.close()]))
  const inside = await alone(one, advisoryLocks.upkeep, () => alone(other, advisoryLocks.upkeep, async () => 'twice'))
  assert.equal(inside, null)
  assert.equal(await alone(other, advisoryLocks.upkeep, async () => 'once'), 'once')
})
