import { realpathSync } from 'node:fs'
import path from 'node:path'
import { weighty } from '../cutting-line.ts'
import { throughLine } from './own-database.ts'
import type { Target, TargetParts } from './target.ts'

export async function embeddedTarget({ folder, line }: TargetParts): Promise<Target> {
  // The office has its server's socket to itself; the worker is another matter.
  const socket = path.join(realpathSync(folder), 'data/postgres-18/.s.PGSQL.5432')
  const worker = await line({ name: 'worker to queue', target: { path: socket }, isWeighty: weighty.pgBoss })
  return {
    name: 'embedded',
    config: { broker: { type: 'pg-boss', url: 'embedded' }, database: null },
    workerQueue: { type: 'pg-boss', url: throughLine(worker.port, 'redrive_queue') },
    producerQueue: null,
    env: {},
    lines: [worker],
    killBroker: null,
    database: null,
  }
}
