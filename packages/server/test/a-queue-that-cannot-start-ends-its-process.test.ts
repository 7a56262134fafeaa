import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import pg from 'pg'
import { openPgBoss } from '../src/open-pg-boss.ts'
import { testDatabase } from '../src/testing/database.ts'

test('a pg-boss that fails while it starts leaves nothing that keeps its process alive', async (t) => {
  const database = await testDatabase()
  t.after(() => database.drop())
  const made = await openPgBoss({ connectionString: database.url }, () => undefined)
  await made.close()
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  // By then its timers have begun.
  await client.query('alter table pgboss.queue rename to elsewhere')
  await client.end()
  const program = `
    import { openPgBoss } from ${JSON.stringify(new URL('../src/open-pg-boss.ts', import.meta.url).href)}
    await openPgBoss({ connectionString: ${JSON.stringify(database.url)} }, () => undefined)
      .then(() => console.log('started'), (error) => console.log(error.message))`
  const args = [
    '--conditions=@redrive/source',
    '--disable-warning=ExperimentalWarning',
    '--input-type=module',
    '-e',
    program,
  ]
  const ended = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 })
  assert.equal(ended.signal, null, 'it ended by itself')
  assert.match(ended.stdout, /pgboss\.queue/)
})
