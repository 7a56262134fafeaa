import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { startEmbeddedPostgres } from '../store/embedded/index.ts'
import { cleanServer } from './clean-server.ts'

const mark = 'qzxmarkvwj'

// What was set comes by way of a process that may be late; on a busy machine the log's files were kept once.
test('a server that hears late of a setting still empties its log', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'redrive-log-'))
  const server = await startEmbeddedPostgres({ dataDir: folder, durable: false, settings: { autovacuum: 'off' } })
  t.after(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await client.query(`create table planted as select '${mark}' as text from generate_series(1, 1000)`)
  await client.query('drop table planted')
  const postmaster = Number(readFileSync(find(folder, 'postmaster.pid')[0] ?? '', 'utf8').split('\n')[0])
  assert.ok(hits(folder).length > 0)

  process.kill(postmaster, 'SIGSTOP')
  const cleaned = cleanServer(client)
  await sleep(500)
  process.kill(postmaster, 'SIGCONT')
  assert.equal(await cleaned, true)
  await client.end()
  assert.deepEqual(hits(folder), [])
})

function find(folder: string, name: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => path.basename(file) === name)
    .map((file) => path.join(folder, file))
}

/** Files of the log that hold it. */
function hits(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile() && each.parentPath.endsWith('pg_wal'))
    .map((each) => path.join(each.parentPath, each.name))
    .filter((file) => readFileSync(file).includes(mark))
}
