import { realpathSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { stringify } from 'yaml'
import type { DemoQueue } from '../packages/server/src/demo/demo-broker.ts'
import { clockFile } from './jumps.ts'
import { type Supervised, supervise } from './supervised.ts'
import type { Target } from './targets/index.ts'

/** An office of the build under torture. @param options.name of its log and its configuration */
export function startOffice(options: {
  readonly target: Target
  readonly root: string
  readonly folder: string
  readonly data: string
  readonly name?: string
}): Supervised {
  const { target, root, folder, data, name = 'office' } = options
  const file = path.join(folder, `${name}.yaml`)
  const { broker, database } = target.config
  writeFileSync(
    file,
    stringify({
      data,
      ...(database === null ? {} : { database }),
      http: { port: 0 },
      brokers: { main: { ...broker, deadLetters: ['orders-dead-letter'] } },
      outcomeWindowMinutes: 60,
    }),
  )
  return supervise({
    script: path.join(root, 'packages/server/src/cli/main.ts'),
    args: ['serve', '--config', file],
    env: target.env,
    log: path.join(folder, `${name}.log`),
    clock: clockFile(folder, name),
    cwd: folder,
  })
}

export function startWorker(options: {
  readonly root: string
  readonly folder: string
  readonly queue: DemoQueue
  readonly sink: string
}): Supervised {
  const { root, folder, queue, sink } = options
  return supervise({
    script: path.join(root, 'torture/worker-process.ts'),
    env: { REDRIVE_TORTURE_WORKER: JSON.stringify({ queue, sink }) },
    log: path.join(folder, 'worker.log'),
    clock: clockFile(folder, 'worker'),
    cwd: root,
  })
}

export function embeddedQueue(data: string): DemoQueue {
  const url = new URL(embeddedDatabaseUrl(data))
  url.pathname = '/redrive_queue'
  return { type: 'pg-boss', url: url.toString() }
}

export function embeddedDatabaseUrl(data: string): string {
  const cluster = path.join(realpathSync(data), 'postgres-18')
  return `postgres://redrive@localhost:5432/redrive?host=${encodeURIComponent(cluster)}`
}
