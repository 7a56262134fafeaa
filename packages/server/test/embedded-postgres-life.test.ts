// Alone in its process: it starts and kills servers.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { isRedriveError } from '@redrive/worker'
import { startEmbeddedPostgres } from '../src/store/embedded/index.ts'
import { isAlive } from '../src/store/embedded/postmaster.ts'
import { query, temporaryFolder } from './embedded-postgres-holder.ts'

test('what was committed is there at the next start', async () => {
  using folder = temporaryFolder()
  const first = await startEmbeddedPostgres({ dataDir: folder.path })
  await query(first.url, 'create table kept as select 7 as seven')
  const pid = first.pid
  await first.stop()
  assert.equal(isAlive(pid), false)
  assert.equal(fs.existsSync(path.join(folder.path, 'owner.json')), false)

  const second = await startEmbeddedPostgres({ dataDir: folder.path })
  assert.deepEqual(await query(second.url, 'select seven from kept'), [{ seven: 7 }])
  assert.deepEqual(await query(second.url, 'select current_database() as name'), [{ name: 'redrive' }])
  await Promise.all([second.stop(), second.stop()])
})

test('it is durable unless told otherwise, and settings can be changed', async () => {
  using folder = temporaryFolder()
  const server = await startEmbeddedPostgres({ dataDir: folder.path, settings: { work_mem: '9MB' } })
  const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses', 'data_checksums', 'work_mem']
  const rows = await query(server.url, `select name, setting from pg_settings where name = any('{${names}}')`)
  await server.stop()
  assert.deepEqual(Object.fromEntries(rows.map((row) => Object.values(row as Record<string, string>))), {
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    listen_addresses: '',
    data_checksums: 'on',
    work_mem: '9216',
  })
})

test('the data folder may lie deeper than a socket address is long, and have odd characters in its name', async () => {
  using folder = temporaryFolder()
  const dataDir = path.join(folder.path, 'a folder with spaces & ümlauts', 'x'.repeat(120), 'data')
  const server = await startEmbeddedPostgres({ dataDir, durable: false })
  assert.deepEqual(await query(server.url, 'select 1 as one'), [{ one: 1 }])
  const link = path.dirname(server.connection.host)
  await server.stop()
  assert.equal(fs.existsSync(link), false)
})

test('a server that cannot start says why, in its own last words', async () => {
  using folder = temporaryFolder()
  const starting = startEmbeddedPostgres({ dataDir: folder.path, durable: false, settings: { shared_buffers: 'many' } })
  await assert.rejects(starting, (error: unknown) => {
    assert.ok(isRedriveError(error, 'EMBEDDED_POSTGRES_FAILED'))
    assert.match(error.message, /invalid value for parameter "shared_buffers": "many"/)
    assert.ok(error.hint)
    return true
  })
})
