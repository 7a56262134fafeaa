import { openDuckdb } from '../duckdb/install.ts'
import { alertmanagerVersion } from './alertmanager.ts'
import { startKafka } from './kafka.ts'
import { pgbouncerVersion } from './pgbouncer.ts'
import { promtool } from './prometheus.ts'
import { startRabbitmq } from './rabbitmq.ts'
import { startRedis } from './redis.ts'

/** Redis, Prometheus, Alertmanager, DuckDB and PgBouncer are no brokers, but brought in the same way. */
export const brokerNames = ['kafka', 'rabbitmq', 'redis', 'prometheus', 'alertmanager', 'duckdb', 'pgbouncer'] as const
export type BrokerName = (typeof brokerNames)[number]

/** A real server, with what tests and commands need to find it. */
export interface RunningBroker {
  /** What `npm start -- --kafka` or `--rabbitmq` takes. */
  readonly address: string
  /** REDRIVE_KAFKA, REDRIVE_RABBITMQ or REDRIVE_REDIS. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

export async function startBroker(name: BrokerName, onProgress: (line: string) => void): Promise<RunningBroker> {
  switch (name) {
    case 'kafka': {
      const kafka = await startKafka({ onProgress })
      return { address: kafka.brokers, env: { REDRIVE_KAFKA: kafka.brokers }, stop: () => kafka.stop() }
    }
    case 'rabbitmq': {
      // Where chroot is; Debian leaves it out of the PATH of everybody but root.
      process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`
      const rabbitmq = await startRabbitmq({ onProgress, withManagement: true })
      return {
        address: rabbitmq.url,
        env: { REDRIVE_RABBITMQ: rabbitmq.url, REDRIVE_RABBITMQ_MANAGEMENT: rabbitmq.managementUrl ?? '' },
        stop: () => rabbitmq.stop(),
      }
    }
    case 'redis': {
      const redis = await startRedis({ onProgress })
      return { address: redis.url, env: { REDRIVE_REDIS: redis.url }, stop: () => redis.stop() }
    }
    case 'prometheus': {
      // Each test starts one with its own configuration.
      const [version = ''] = (await promtool(['--version'], '', { onProgress })).split(' (')
      return { address: version, env: {}, stop: () => Promise.resolve() }
    }
    case 'alertmanager':
      return { address: await alertmanagerVersion({ onProgress }), env: {}, stop: () => Promise.resolve() }
    case 'pgbouncer':
      // Each test starts one in front of its own database.
      return { address: await pgbouncerVersion({ onProgress }), env: {}, stop: () => Promise.resolve() }
    case 'duckdb': {
      const [row] = await (await openDuckdb()).rows('select version() as version')
      return { address: `in the process, ${String(row?.['version'])}`, env: {}, stop: () => Promise.resolve() }
    }
  }
}
