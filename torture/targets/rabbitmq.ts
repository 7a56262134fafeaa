import { startRabbitmq } from '../../tools/servers/rabbitmq.ts'
import { type CuttingLine, weighty } from '../cutting-line.ts'
import { throughLine } from './own-database.ts'
import type { Target, TargetParts } from './target.ts'

export async function rabbitmqTarget({ line, ownDatabase, onEnd }: TargetParts): Promise<Target> {
  const database = await ownDatabase()
  const rabbitmq = await startRabbitmq()
  onEnd(() => rabbitmq.stop())
  const target = { host: '127.0.0.1', port: rabbitmq.port }
  const office = await line({ name: 'office to database', target: database.at, isWeighty: weighty.postgres })
  const capture = await line({ name: 'office to broker', target, isWeighty: weighty.amqp })
  const worker = await line({ name: 'worker to broker', target, isWeighty: weighty.amqp })
  const through = ({ port }: CuttingLine): string => rabbitmq.url.replace(`:${rabbitmq.port}`, `:${port}`)
  return {
    name: 'rabbitmq',
    config: {
      broker: { type: 'rabbitmq', url: '${env:REDRIVE_TORTURE_URL}' },
      database: throughLine(office.port, 'redrive'),
    },
    workerQueue: { type: 'rabbitmq', url: through(worker) },
    producerQueue: { type: 'rabbitmq', url: rabbitmq.url },
    env: { REDRIVE_TORTURE_URL: through(capture) },
    lines: [office, capture, worker],
    killBroker: async () => {
      await rabbitmq.kill()
      await rabbitmq.restart()
    },
    database,
  }
}
