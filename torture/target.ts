import type { DemoQueue } from '../packages/server/src/demo/demo-broker.ts'
import { startKafka } from '../tools/servers/kafka.ts'
import { startRabbitmq } from '../tools/servers/rabbitmq.ts'

/** The broker under torture: a real server that can be killed, or the embedded queue, which lives and dies with the office's PostgreSQL. */
export interface Target {
  readonly name: 'embedded' | 'kafka' | 'rabbitmq'
  /** The connection's part of `redrive.yaml`. */
  readonly config: Readonly<Record<string, unknown>>
  /** As the worker and the producer connect; `null`: to the office's own server. */
  readonly queue: DemoQueue | null
  /** What the configuration refers to. */
  readonly env: Readonly<Record<string, string>>
  /** SIGKILL and start again on the same data; `null` where there is no server of its own. */
  readonly kill: (() => Promise<void>) | null
  stop(): Promise<void>
}

export async function startTarget(name: Target['name']): Promise<Target> {
  if (name === 'kafka') {
    const kafka = await startKafka()
    return {
      name,
      config: { type: 'kafka', brokers: kafka.brokers.split(',') },
      queue: { type: 'kafka', brokers: kafka.brokers.split(',') },
      env: {},
      kill: async () => {
        await kafka.kill()
        await kafka.restart()
      },
      stop: () => kafka.stop(),
    }
  }
  if (name === 'rabbitmq') {
    const rabbitmq = await startRabbitmq()
    return {
      name,
      config: { type: 'rabbitmq', url: '${env:REDRIVE_TORTURE_URL}' },
      queue: { type: 'rabbitmq', url: rabbitmq.url },
      env: { REDRIVE_TORTURE_URL: rabbitmq.url },
      kill: async () => {
        await rabbitmq.kill()
        await rabbitmq.restart()
      },
      stop: () => rabbitmq.stop(),
    }
  }
  return {
    name,
    config: { type: 'pg-boss', url: 'embedded' },
    queue: null,
    env: {},
    kill: null,
    stop: async () => undefined,
  }
}
