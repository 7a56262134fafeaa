import { once } from 'node:events'
import { createServer } from 'node:net'
import { startKafka } from '../../tools/servers/kafka.ts'
import { weighty } from '../cutting-line.ts'
import { throughLine } from './own-database.ts'
import type { Target, TargetParts } from './target.ts'

/** Clients come back to the address that the broker tells them: each line needs a listener that tells its own. */
export async function kafkaTarget({ line, ownDatabase, onEnd }: TargetParts): Promise<Target> {
  const database = await ownDatabase()
  const [port = 0, controller, officeListener = 0, workerListener = 0] = await freePorts(4)
  const host = '127.0.0.1'
  const broker = (name: string, listener: number) =>
    line({ name, target: { host, port: listener }, isWeighty: weighty.kafka })
  const office = await line({ name: 'office to database', target: database.at, isWeighty: weighty.postgres })
  const capture = await broker('office to broker', officeListener)
  const worker = await broker('worker to broker', workerListener)
  const kafka = await startKafka({
    port,
    settings: {
      'controller.quorum.voters': `1@${host}:${controller}`,
      listeners: `PLAINTEXT://${host}:${port},CONTROLLER://${host}:${controller},OFFICE://${host}:${officeListener},WORKER://${host}:${workerListener}`,
      'advertised.listeners': `PLAINTEXT://${host}:${port},OFFICE://${host}:${capture.port},WORKER://${host}:${worker.port}`,
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,OFFICE:PLAINTEXT,WORKER:PLAINTEXT',
    },
  })
  onEnd(() => kafka.stop())
  return {
    name: 'kafka',
    config: {
      broker: { type: 'kafka', brokers: [`${host}:${capture.port}`] },
      database: throughLine(office.port, 'redrive'),
    },
    workerQueue: { type: 'kafka', brokers: [`${host}:${worker.port}`] },
    producerQueue: { type: 'kafka', brokers: [kafka.brokers] },
    env: {},
    lines: [office, capture, worker],
    killBroker: async () => {
      await kafka.kill()
      await kafka.restart()
    },
    database,
  }
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
