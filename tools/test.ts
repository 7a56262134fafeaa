/** `npm test [-- NAME]`: everything that needs no foreign server. */
import fs from 'node:fs'
import path from 'node:path'
import { startTestServer } from '../packages/server/src/testing/database.ts'
import { quickFolder } from '../packages/server/src/testing/quick-folder.ts'
import { findFiles, printCount, root } from './lib/workspace.ts'
import { longestFirst, readDurations, writeDurations } from './testing/durations.ts'
import { inGroups } from './testing/groups.ts'
import { runFiles } from './testing/run-files.ts'

const leftOut = [
  { folder: 'kafka', needs: 'a real Kafka', command: 'npm run test:brokers -- kafka' },
  { folder: 'rabbitmq', needs: 'a real RabbitMQ', command: 'npm run test:brokers -- rabbitmq' },
  { folder: 'redis', needs: 'a real Redis', command: 'npm run test:brokers -- redis' },
  { folder: 'prometheus', needs: 'a real Prometheus', command: 'npm run test:brokers -- prometheus' },
  { folder: 'pgbouncer', needs: 'a real PgBouncer', command: 'npm run test:brokers -- pgbouncer' },
  { folder: 'alertmanager', needs: 'a real Alertmanager', command: 'npm run test:brokers -- alertmanager' },
  { folder: 'duckdb', needs: 'a real DuckDB', command: 'npm run test:brokers -- duckdb' },
  { folder: 'brokers', needs: 'real brokers', command: 'npm run test:brokers' },
]

const all = findFiles(
  'packages/*/src/**/*.test.ts',
  'packages/*/test/*.test.ts',
  'packages/*/test/pg-boss/*.test.ts',
  '{tools,bench,torture}/**/*.test.ts',
)
const name = process.argv[2]
const matching = name === undefined ? all : all.filter((file) => file.includes(name))
// A name that is in no path is taken as the name of tests.
const only = name !== undefined && matching.length === 0 ? new RegExp(name.replaceAll(/[^\w ]/g, '\\$&')) : undefined

const from = Date.now()
// Whatever tests leave behind goes away with it.
const temporary = fs.mkdtempSync(path.join(quickFolder(), 'redrive-tests-'))
fs.chmodSync(temporary, 0o1777) // as /tmp is: PostgreSQL has an account of its own where we are root
process.env['TMPDIR'] = temporary
const server = await startTestServer()
process.env['REDRIVE_TEST_DATABASE_URL'] = server.url
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void end().finally(() => process.exit(1)))
}
const durationsFile = path.join(root, 'node_modules/.cache/redrive-tests/durations.json')
const durations = new Map(readDurations(durationsFile))
const files = longestFirst(only === undefined ? matching : all, durations)
const count = await runFiles(name === undefined ? inGroups(files, durations) : files.map((file) => [file]), {
  concurrency: 3, // on 2 cores one of three usually waits for a process or a disk
  onEnded: (file, durationMs) => {
    // Of some of its tests alone it would be no measure.
    if (only === undefined) durations.set(file, Math.round(durationMs))
  },
  ...(only === undefined ? {} : { only }),
})
await end()
writeDurations(durationsFile, durations)

for (const { folder, needs, command } of leftOut) {
  const files = findFiles(`packages/*/test/${folder}/**/*.test.ts`)
  if (files.length > 0) console.log(`left out: ${files.length} files in test/${folder}: need ${needs}: ${command}`)
}
console.log(`${((Date.now() - from) / 1000).toFixed(0)} s`)
if (name !== undefined && count.passed + count.failed === 0) console.log(`no test matches "${name}"`)
printCount(count)
process.exit(count.failed > 0 || count.passed === 0 ? 1 : 0)

async function end(): Promise<void> {
  await server.stop()
  fs.rmSync(temporary, { recursive: true, force: true })
}
