import { weighty } from '../cutting-line.ts'
import { throughLine } from './own-database.ts'
import type { Target, TargetParts } from './target.ts'

export async function pgBossTarget({ line, ownDatabase }: TargetParts): Promise<Target> {
  const database = await ownDatabase()
  const office = await line({ name: 'office to database', target: database.at, isWeighty: weighty.postgres })
  const capture = await line({ name: 'office to queue', target: database.at, isWeighty: weighty.pgBoss })
  const worker = await line({ name: 'worker to queue', target: database.at, isWeighty: weighty.pgBoss })
  return {
    name: 'pg-boss',
    config: {
      broker: { type: 'pg-boss', url: throughLine(capture.port, 'redrive_queue') },
      database: throughLine(office.port, 'redrive'),
    },
    workerQueue: { type: 'pg-boss', url: throughLine(worker.port, 'redrive_queue') },
    producerQueue: { type: 'pg-boss', url: database.queueUrl },
    env: {},
    lines: [office, capture, worker],
    killBroker: null,
    database,
  }
}
