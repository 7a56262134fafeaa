/** Fills the disk of a data folder under a running server, in a file system of its own, and tells what happened. */
import fs from 'node:fs'
import path from 'node:path'
import { ensureBallast, freeBytes, startEmbeddedPostgres } from '../src/store/embedded/index.ts'
import { query, until } from './embedded-postgres-holder.ts'

const [disk = ''] = process.argv.slice(2)
const dataDir = path.join(disk, 'data')
const troubles: string[] = []
const server = await startEmbeddedPostgres({ dataDir, onTrouble: (message) => troubles.push(message) })
await query(server.url, 'create table kept as select n from generate_series(1, 1000) n')
const hadBallast = fs.existsSync(path.join(dataDir, 'ballast'))

const filler = path.join(disk, 'filler')
fill(filler)
const freeWhenFull = freeBytes(dataDir)
const before = server.pid
// Write-ahead log only: it is what PostgreSQL cannot do without.
for (let round = 0; round < 200 && server.pid === before; round++) {
  await query(server.url, `select pg_logical_emit_message(true, 'x', repeat('x', 1000000))`).catch(() => {})
}
await until('it runs again', () => server.pid !== 0 && server.pid !== before)
const keptWhileFull = await query(server.url, 'select count(*)::int as rows from kept')
const hasBallastWhileFull = fs.existsSync(path.join(dataDir, 'ballast'))
fs.rmSync(filler)
const hasBallastAgain = ensureBallast(dataDir)
await query(server.url, 'insert into kept values (0)')
await server.stop()
console.log(
  JSON.stringify({
    hadBallast,
    freeWhenFull,
    keptWhileFull,
    hasBallastWhileFull,
    hasBallastAgain,
    troubles: troubles.length,
  }),
)

function fill(file: string): void {
  const handle = fs.openSync(file, 'w')
  for (let size = 1024 * 1024; size >= 512; ) {
    try {
      fs.writeSync(handle, Buffer.alloc(size))
    } catch {
      size /= 2
    }
  }
  fs.closeSync(handle)
}
