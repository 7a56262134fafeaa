import assert from 'node:assert/strict'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { migrate } from '../src/store/migrate.ts'
import { ensurePartitions } from '../src/store/partitions.ts'
import { checkVersion } from '../src/store/safety.ts'
import { openStore } from '../src/store/store.ts'
import { firstUuidAt } from '../src/store/uuid.ts'
import { startTestServer, testDatabase } from '../src/testing/database.ts'
import { openedStore } from '../src/testing/opened-store.ts'

test('a server that may lose what it confirmed is refused with the setting and the cure', async (context) => {
  const server = await startTestServer()
  context.after(() => server.stop())
  await assert.rejects(openStore({ url: server.url }), {
    code: 'DATABASE_UNSAFE',
    data: { setting: 'fsync' },
    hint: /alter system set fsync to on/,
  })
})

test('a database that does not answer is named without its password', async () => {
  await assert.rejects(
    openStore({ url: 'postgres://user:secret@127.0.0.1:1/db' }),
    (error: Error & { code?: string; hint?: string }) => {
      assert.equal(error.code, 'DATABASE_UNREACHABLE')
      assert.match(error.message, /127\.0\.0\.1:1\/db/)
      assert.doesNotMatch(`${error.message} ${error.hint}`, /secret/)
      return true
    },
  )
})

test('offices that start at once on an empty database migrate it once; the next start changes nothing', async (context) => {
  const database = await testDatabase()
  context.after(() => database.drop())
  const stores = await Promise.all([1, 2, 3].map(() => openStore({ url: database.url, allowUnsafe: true })))
  context.after(() => Promise.all(stores.map((store) => store.close())))
  const { rows } = await (stores[0]?.pool ?? assert.fail()).query<{ name: string }>(
    'select name from migration order by name',
  )
  assert.ok(rows.length >= 3)
  assert.deepEqual(await migrate(stores[0]?.pool ?? assert.fail()), [])
  const { rows: settings } = await (stores[0]?.pool ?? assert.fail()).query('show synchronous_commit')
  assert.deepEqual(settings, [{ synchronous_commit: 'on' }])
})

test('an edited migration, and a database newer than the code, are refused; a broken one leaves nothing behind', async (context) => {
  const store = await openedStore(context)
  const folder = await mkdtemp(path.join(tmpdir(), 'redrive-test-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  await cp(new URL('../src/store/migrations/', import.meta.url), folder, { recursive: true })
  const options = { folder: pathToFileURL(`${folder}/`) }
  assert.deepEqual(await migrate(store.pool, options), [])
  await writeFile(path.join(folder, '9998-half.sql'), 'create table half (id int); select 1 / 0')
  await assert.rejects(migrate(store.pool, options), { code: '22012' })
  assert.equal((await store.pool.query(`select from pg_class where relname = 'half'`)).rowCount, 0)
  await writeFile(path.join(folder, '9998-half.sql'), 'create table half (id int)')
  assert.deepEqual(await migrate(store.pool, options), ['9998-half.sql'])
  await writeFile(path.join(folder, '9998-half.sql'), 'create table half (id bigint)')
  await assert.rejects(migrate(store.pool, options), {
    code: 'MIGRATION_CHANGED',
    data: { migration: '9998-half.sql' },
  })
  await assert.rejects(migrate(store.pool), { code: 'MIGRATION_NEWER', data: { migrations: ['9998-half.sql'] } })
})

test('months have their partitions ahead of time, and an id from nowhere still has a place', async (context) => {
  const store = await openedStore(context)
  await ensurePartitions(store.pool, Date.UTC(2031, 10, 30))
  await ensurePartitions(store.pool, Date.UTC(2031, 10, 30))
  const placeOf = async (id: string): Promise<unknown> => {
    const { rows } = await store.pool.query<{ table: string }>(
      `insert into letter_content (id, body_sha256, headers, partition, bytes, readers, failure_headers, confidence, terms)
       values ($1, '', '', '0', 0, '{}', '{}', '{}', '{}') returning tableoid::regclass::text as table`,
      [id],
    )
    return rows[0]?.table
  }
  assert.equal(await placeOf(firstUuidAt(Date.UTC(2031, 10, 1))), 'letter_content_2031_11')
  assert.equal(await placeOf(firstUuidAt(Date.UTC(2032, 1, 1) - 1)), 'letter_content_2032_01')
  assert.equal(await placeOf(firstUuidAt(Date.UTC(2032, 1, 1))), 'letter_content_other')
  assert.equal(await placeOf('ffffffff-ffff-4fff-bfff-ffffffffffff'), 'letter_content_other')
})

test('a server before PostgreSQL 18 is refused with its version', async () => {
  const settings: Readonly<Record<string, string>> = { server_version_num: '170006', server_version: '17.6 (Debian)' }
  const old = { query: async (_: string, [name]: [string]) => ({ rows: [{ value: settings[name] }] }) }
  await assert.rejects(checkVersion(old as never), {
    code: 'DATABASE_TOO_OLD',
    message: /PostgreSQL 17\.6 \(Debian\): version 18 or newer/,
  })
})
