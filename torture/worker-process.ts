import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { constant, createWorker, PermanentError } from '@redrive/worker'
import { type DemoQueue, openDemoBroker } from '../packages/server/src/demo/demo-broker.ts'
import { failsAgain, type SinkLine, sha256Of, type TortureMessage } from './messages.ts'

/** A worker that lives until it is killed, and is started again. */
export interface TortureWorkerSettings {
  readonly queue: DemoQueue
  readonly sink: string
}

const { queue, sink } = JSON.parse(process.env['REDRIVE_TORTURE_WORKER'] ?? '{}') as TortureWorkerSettings
// A connection that is cut at a bad moment may be an error that the user's own client leaves to nobody: the process ends, and comes again.
const { broker } = await patiently(() => openDemoBroker(queue, 'torture-worker'))
const worker = createWorker({
  broker,
  queue: 'orders',
  consumer: 'torture',
  concurrency: 8,
  release: '1',
  timeoutMs: 5_000,
  retry: { maxAttempts: 3, maxCrashes: 20, backoff: constant(50) },
  async handle(message, { attempt, replayId, letterId }) {
    const body = message.body ?? new Uint8Array(0)
    const { n, kind } = JSON.parse(Buffer.from(body).toString('utf8')) as TortureMessage
    await sleep(Math.random() * 20)
    if (kind === 'flaky' && attempt === 1) throw Object.assign(new Error('the service is busy'), { status: 503 })
    if ((kind === 'dead' || kind === 'stubborn') && replayId === null)
      throw new PermanentError('this release has a bug')
    if (kind === 'stubborn' && failsAgain(replayId)) throw new PermanentError('the fix was not enough')
    const line: SinkLine = { n, letterId, replayId, atMs: rightNow(), bodySha256: sha256Of(body) }
    appendFileSync(sink, `${JSON.stringify(line)}\n`)
  },
})
worker.on('trouble', ({ message }) => process.stderr.write(`worker: ${message}\n`))
await patiently(() => worker.start())

/** Of the machine, however wrong this process takes its clock to be. */
function rightNow(): number {
  return performance.timeOrigin + performance.now()
}

/** What it needs may be down as well, and starting a process again and again would take the machine from those that come up. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      process.stderr.write(`worker: ${error instanceof Error ? error.message : String(error)}\n`)
      await sleep(100)
    }
  }
}
