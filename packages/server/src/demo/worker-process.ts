import { createWorker, exponential } from '@redrive/worker'
import { allocator, type Release } from './allocate.ts'
import { type DemoQueue, openDemoBroker } from './demo-broker.ts'

/** The reefer allocation worker, a process of its own because one of the orders will kill it. Tells its parent what happens. */
export interface WorkerSettings {
  readonly queue: DemoQueue
  readonly release: Release
  readonly inventoryUrl: string
}

export type WorkerNews =
  | { readonly kind: 'ready' | 'handled' }
  | {
      readonly kind: 'retried'
      readonly errorClass: string
      readonly message: string
      readonly attempt: number
      readonly delayMs: number
    }
  | {
      readonly kind: 'died'
      readonly tier: string
      readonly reason: string
      readonly attempts: number
      readonly message: string
    }
  | { readonly kind: 'crashed'; readonly crashes: number }
  | { readonly kind: 'trouble'; readonly message: string }

const settings = JSON.parse(process.env['REDRIVE_DEMO_WORKER'] ?? '{}') as WorkerSettings
const tell = (news: WorkerNews): void => void process.send?.(news)
const { broker, close } = await openDemoBroker(settings.queue, 'reefer-allocation')

const worker = createWorker({
  broker,
  queue: 'orders',
  consumer: 'reefer',
  service: 'reefer-allocation',
  release: settings.release,
  handle: allocator(settings),
  timeoutMs: 1_000,
  concurrency: 4,
  retry: { maxAttempts: 3, maxCrashes: 2, backoff: exponential({ firstMs: 300, maxMs: 2_000, jitter: 'full' }) },
})
worker.on('handled', () => tell({ kind: 'handled' }))
worker.on('retried', ({ failure, attempt, delayMs }) => {
  tell({ kind: 'retried', errorClass: failure.errorClass, message: failure.message, attempt, delayMs })
})
worker.on('died', ({ tier, reason, attempts, failure }) => {
  tell({ kind: 'died', tier, reason, attempts, message: failure?.message ?? '' })
})
worker.on('crashed', ({ crashes }) => tell({ kind: 'crashed', crashes }))
worker.on('trouble', ({ message }) => tell({ kind: 'trouble', message }))

const stop = async (): Promise<void> => {
  await worker.stop()
  await close()
  process.exit(0)
}
process.once('SIGTERM', () => void stop())
process.on('SIGINT', () => undefined)
process.once('disconnect', () => void stop())

await worker.start()
tell({ kind: 'ready' })
