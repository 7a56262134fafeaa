// Alone in its process: it starts and kills servers.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { isRedriveError } from '@redrive/worker'
import { postgresAccount } from '../src/store/embedded/account.ts'
import { ensureCluster } from '../src/store/embedded/cluster.ts'
import { startEmbeddedPostgres } from '../src/store/embedded/index.ts'
import { readOwner, removeOwner, writeOwner } from '../src/store/embedded/owner.ts'
import { clearStaleFiles, isAlive, stopPostmaster } from '../src/store/embedded/postmaster.ts'
import { prepareRuntime } from '../src/store/embedded/runtime.ts'
import { type ServerPlace, startServer } from '../src/store/embedded/server-process.ts'
import { settingArguments } from '../src/store/embedded/settings.ts'
import { socketFolder } from '../src/store/embedded/socket.ts'
import { takeOver } from '../src/store/embedded/take-over.ts'
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
  const winners = all.flatMap((one) => ('code' in one ? [] : [one]))
  for (const winner of winners) await stopHolder(winner)
  const others = all.flatMap((one) => ('code' in one ? [one.code === 'DATA_FOLDER_IN_USE' ? '' : one.message] : []))
  assert.deepEqual(others, ['', '', ''])
})

test('a server that its owner has not locked yet is left to it', async () => {
  using folder = temporaryFolder()
  const { place, host } = cluster(folder.path)
  const { pid } = await startServer(place)
  removeOwner(folder.path)
  setTimeout(() => writeOwner(folder.path), 500)
  await assert.rejects(takeOver({ dataDir: folder.path, cluster: place.cluster, host }), { code: 'DATA_FOLDER_IN_USE' })
  assert.equal(isAlive(pid), true)
  await stopPostmaster(pid, place.cluster)
})

test('a server that starts has an owner as soon as its cluster is taken', async () => {
  using folder = temporaryFolder()
  const { place } = cluster(folder.path)
  const { pid } = await startServer(place)
  assert.equal(readOwner(folder.path)?.pid, process.pid)
  await stopPostmaster(pid, place.cluster)
})

test('the socket of a server that started meanwhile is not taken for a left-over', async () => {
  using folder = temporaryFolder()
  const server = await startEmbeddedPostgres({ dataDir: folder.path, durable: false })
  const pidFile = path.join(folder.path, 'postgres-18', 'postmaster.pid')
  fs.renameSync(pidFile, `${pidFile}-hidden`)
  clearStaleFiles(path.dirname(pidFile))
  fs.renameSync(`${pidFile}-hidden`, pidFile)
  assert.deepEqual(await query(server.url, 'select 1 as one'), [{ one: 1 }])
  await server.stop()
})

test('a server that starts and cannot be used is a fault with a code, and leaves nothing behind', async () => {
  using folder = temporaryFolder()
  const elsewhere = { dataDir: folder.path, durable: false, settings: { port: '5433' } }
  await assert.rejects(startEmbeddedPostgres(elsewhere), { code: 'EMBEDDED_POSTGRES_FAILED', message: /ENOENT/ })
  assert.equal(readOwner(folder.path), undefined)
  const server = await startEmbeddedPostgres({ dataDir: folder.path, durable: false })
  await server.stop()
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

function cluster(dataDir: string): { place: ServerPlace; host: string } {
  const account = postgresAccount()
  const runtime = prepareRuntime({ dataDir, account })
  const folder = path.join(fs.realpathSync(dataDir), 'postgres-18')
  ensureCluster(folder, { runtime, account, durable: false })
  return {
    place: {
      dataDir,
      cluster: folder,
      runtime,
      account,
      arguments: settingArguments({ durable: false, settings: undefined }),
    },
    host: socketFolder(folder).host,
  }
}
