/** `npm run test:brokers [-- kafka|rabbitmq|redis|prometheus|alertmanager|duckdb|pgbouncer]`: what is proven on real servers, brought here and taken away again. */
import { startTestServer } from '../packages/server/src/testing/database.ts'
import { confluentFolder } from './confluent/install.ts'
import { findFiles, printCount } from './lib/workspace.ts'
import { type BrokerName, brokerNames, startBroker } from './servers/start-broker.ts'
import { runFiles } from './testing/run-files.ts'

const wanted = process.argv[2]
if (wanted !== undefined && !brokerNames.some((name) => name === wanted)) {
  console.error(`unknown broker "${wanted}": one of ${brokerNames.join(', ')}`)
  process.exit(2)
}
const names: readonly BrokerName[] = brokerNames.filter((name) => wanted === undefined || name === wanted)
const count = { passed: 0, failed: 0 }
const stops: (() => Promise<void>)[] = []
const stopAll = async (): Promise<void> => void (await Promise.allSettled(stops.splice(0).map((stop) => stop())))
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void stopAll().finally(() => process.exit(1)))

const from = Date.now()
const database = await startTestServer()
stops.push(() => database.stop())
process.env['REDRIVE_TEST_DATABASE_URL'] = database.url
for (const name of names) {
  const onProgress = (line: string): void => console.log(`${name}: ${line}`)
  try {
    // Once and here: building it takes longer than a test may, and each file would build its own.
    if (name === 'kafka') await confluentFolder(onProgress)
    const broker = await startBroker(name, onProgress)
    stops.push(() => broker.stop())
    Object.assign(process.env, broker.env)
    console.log(`${name}: ${broker.address}`)
  } catch (error) {
    count.failed += 1 // what could not be tested is not passed over
    console.error(`FAIL no ${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
const folders = [...names, ...(wanted === undefined ? ['brokers'] : [])]
const files = count.failed > 0 ? [] : findFiles(...folders.map((folder) => `packages/*/test/${folder}/**/*.test.ts`))
const ran = await runFiles(
  files.map((file) => [file]),
  { concurrency: 2 },
)
await stopAll()
console.log(`${((Date.now() - from) / 1000).toFixed(0)} s`)
printCount({ passed: ran.passed, failed: count.failed + ran.failed })
process.exit(count.failed + ran.failed > 0 || ran.passed === 0 ? 1 : 0)
