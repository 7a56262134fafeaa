// Alone in its process: it starts and kills servers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRedriveError } from '@redrive/worker'
import { startEmbeddedPostgres } from '../src/store/embedded/index.ts'
import {
  query,
  startHolder,
  startHolderSurely,
  stopHolder,
  temporaryFolder,
  until,
} from './embedded-postgres-holder.ts'

test('a second owner is refused at once and told who the first is', async () => {
  using folder = temporaryFolder()
  const holder = await startHolderSurely(folder.path)
  const from = Date.now()
  await assert.rejects(startEmbeddedPostgres({ dataDir: folder.path, durable: false }), (error: unknown) => {
    assert.ok(isRedriveError(error, 'DATA_FOLDER_IN_USE'))
    assert.match(error.message, new RegExp(`process ${holder.child.pid} \\(.*embedded-postgres-child.* since 2\\d{3}-`))
    return true
  })
  assert.ok(Date.now() - from < 2_000)
  assert.deepEqual(await query(holder.url, 'select 1 as one'), [{ one: 1 }])
  await stopHolder(holder)
})

test('the same process cannot start it twice either', async () => {
  using folder = temporaryFolder()
  const server = await startEmbeddedPostgres({ dataDir: folder.path, durable: false })
  await assert.rejects(startEmbeddedPostgres({ dataDir: folder.path, durable: false }), { code: 'DATA_FOLDER_IN_USE' })
  await server.stop()
})

test('of four that start together in a new folder, one gets it', async () => {
  using folder = temporaryFolder()
  const all = await Promise.all([1, 2, 3, 4].map(() => startHolder(folder.path)))
  const winners = all.filter((one) => !('code' in one))
  assert.deepEqual(
    all.flatMap((one) => ('code' in one ? [one.code] : [])),
    ['DATA_FOLDER_IN_USE', 'DATA_FOLDER_IN_USE', 'DATA_FOLDER_IN_USE'],
  )
  assert.equal(winners.length, 1)
  for (const winner of winners) if (!('code' in winner)) await stopHolder(winner)
})

test('the folder stays locked after one of the server processes has crashed', async () => {
  using folder = temporaryFolder()
  const server = await startEmbeddedPostgres({ dataDir: folder.path, durable: false })
  const holders = `select pid from pg_locks where locktype = 'advisory' and objid = 8311326`
  const [lock] = (await query(server.url, holders)) as [{ pid: number }]
  const postmaster = server.pid
  process.kill(lock.pid, 'SIGKILL')
  await until('another session has the lock', async () => {
    const rows = await query(server.url, holders).catch(() => [])
    return rows.length === 1 && (rows[0] as { pid: number }).pid !== lock.pid
  })
  assert.equal(server.pid, postmaster)
  await server.stop()
})
