/** A process that holds an embedded PostgreSQL: tells its parent what happens and waits to be killed. */
import { isRedriveError } from '@redrive/worker'
import { startEmbeddedPostgres } from '../src/store/embedded/index.ts'

const [dataDir = ''] = process.argv.slice(2)
try {
  const server = await startEmbeddedPostgres({
    dataDir,
    durable: false,
    onTrouble: (message) => process.send?.({ trouble: message }),
  })
  process.send?.({ pid: server.pid, url: server.url })
  process.on('message', () => void server.stop().then(() => process.exit(0)))
} catch (error) {
  process.send?.({ code: isRedriveError(error) ? error.code : 'none', message: String(error) })
  process.exit(1)
}
