// Alone in its process: it starts and kills servers.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { postgresAccount } from '../src/store/embedded/account.ts'
import { startEmbeddedPostgres } from '../src/store/embedded/index.ts'
import { isAlive } from '../src/store/embedded/postmaster.ts'
import {
  killAtOnce,
  killHard,
  query,
  startHolderSurely,
  temporaryFolder,
  until,
  untilGone,
  watchdogsOf,
} from './embedded-postgres-holder.ts'

test('its owner killed: it ends by itself, and the next start finds the data', async () => {
  using folder = temporaryFolder()
  const holder = await startHolderSurely(folder.path)
  await query(holder.url, 'create table kept as select 7 as seven')
  await killHard(holder.child)
  await untilGone(holder.postgresPid)

  const next = await startEmbeddedPostgres({ dataDir: folder.path, durable: false })
  assert.deepEqual(await query(next.url, 'select seven from kept'), [{ seven: 7 }])
  await next.stop()
})

test('its owner killed and started again at once: the one that is still stopping is waited for', async () => {
  using folder = temporaryFolder()
  const holder = await startHolderSurely(folder.path)
  await killHard(holder.child)
  const next = await startEmbeddedPostgres({ dataDir: folder.path, durable: false })
  assert.notEqual(next.pid, holder.postgresPid)
  await next.stop()
})

test('its owner and its watchdogs killed: the next start ends the orphan and takes over', async () => {
  using folder = temporaryFolder()
  const holder = await startHolderSurely(folder.path)
  await query(holder.url, 'create table kept as select 7 as seven')
  const watchdogs = watchdogsOf(holder.postgresPid)
  assert.equal(watchdogs.length, 2)
  await killAtOnce(holder, watchdogs)
  assert.equal(isAlive(holder.postgresPid), true)

  const next = await startEmbeddedPostgres({ dataDir: folder.path, durable: false })
  assert.equal(isAlive(holder.postgresPid), false)
  assert.deepEqual(await query(next.url, 'select seven from kept'), [{ seven: 7 }])
  await next.stop()
})

test('killed itself: it is started again, and says so', async () => {
  using folder = temporaryFolder()
  const troubles: string[] = []
  const server = await startEmbeddedPostgres({
    dataDir: folder.path,
    onTrouble: (message) => troubles.push(message),
  })
  await query(server.url, 'create table kept as select 7 as seven')
  const before = server.pid
  process.kill(before, 'SIGKILL')
  await until('it runs again', () => server.pid !== 0 && server.pid !== before)
  assert.deepEqual(await query(server.url, 'select seven from kept'), [{ seven: 7 }])
  assert.match(troubles.join('\n'), /ended unexpectedly.*\n(?:.*\n)*.*runs again/)
  await server.stop()
})

test('only its watchdog killed: it runs again under a new one', async () => {
  using folder = temporaryFolder()
  const server = await startEmbeddedPostgres({ dataDir: folder.path, durable: false })
  const before = server.pid
  for (const pid of watchdogsOf(before)) process.kill(pid, 'SIGKILL')
  await until('another one runs', () => server.pid !== 0 && server.pid !== before)
  assert.equal(isAlive(before), false)
  assert.deepEqual(await query(server.url, 'select 1 as one'), [{ one: 1 }])
  await server.stop()
})

test('a pid file left by a crash may name a process of somebody else', async () => {
  using folder = temporaryFolder()
  const holder = await startHolderSurely(folder.path)
  await killAtOnce(holder, [...watchdogsOf(holder.postgresPid), holder.postgresPid])
  await untilGone(holder.postgresPid)
  const stranger = spawn('sleep', ['60'], { ...postgresAccount(), stdio: 'ignore' })
  for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock']) {
    const file = path.join(folder.path, 'postgres-18', name)
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(/^\d+/, `${stranger.pid}`))
  }

  const next = await startEmbeddedPostgres({ dataDir: folder.path, durable: false })
  assert.deepEqual(await query(next.url, 'select 1 as one'), [{ one: 1 }])
  await next.stop()
  assert.equal(stranger.exitCode, null)
  stranger.kill()
})
