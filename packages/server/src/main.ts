import { Admin, Consumer, Producer } from '@platformatic/kafka'
import type { Broker } from '@redrive/worker'
import { kafkaBroker } from '@redrive/worker/kafka'
import { pgBossBroker } from '@redrive/worker/pg-boss'
import { rabbitmqBroker } from '@redrive/worker/rabbitmq'
import { connect as amqpConnect } from 'amqplib'
import { PgBoss } from 'pg-boss'
import type { BrokerConfig, Config } from './config/index.ts'
import { type Office, openOffice, type OpenBroker } from './office.ts'
import { embeddedQueueUrl, openDatabase } from './store/database.ts'

export type { Office } from './office.ts'

/**
 * Starts the office a configuration describes. The only file that names concrete adapters.
 * @throws DATA_FOLDER_IN_USE, DATABASE_UNREACHABLE, DATABASE_UNSAFE, BROKER_UNREACHABLE, OPTION_INVALID (the port), …
 */
export async function startOffice(
  config: Config,
  options: { readonly onEvent?: (line: string) => void } = {},
): Promise<Office> {
  const tell = options.onEvent ?? (() => undefined)
  const database = await openDatabase(config, tell)
  const brokers: OpenBroker[] = []
  try {
    for (const [name, broker] of Object.entries(config.brokers)) {
      const url = broker.type === 'pg-boss' && broker.url === 'embedded' ? await embeddedQueueUrl(database) : null
      brokers.push({ name, config: broker, ...(await openBroker(broker, { url, tell })) })
    }
  } catch (error) {
    await Promise.all(brokers.map(({ close }) => close()))
    await database.stop()
    throw error
  }
  return openOffice({ config, database, brokers, tell })
}

interface Opened {
  readonly broker: Broker
  close(): Promise<void>
}

async function openBroker(
  config: BrokerConfig,
  options: { readonly url: string | null; readonly tell: (line: string) => void },
): Promise<Opened> {
  switch (config.type) {
    case 'kafka': {
      const connection = { clientId: 'redrive-office', bootstrapBrokers: [...config.brokers] }
      const broker = kafkaBroker({ client: { Admin, Consumer, Producer }, connection })
      return { broker, close: () => broker.close() }
    }
    case 'rabbitmq': {
      const broker = rabbitmqBroker({ connect: () => amqpConnect(config.url) })
      return { broker, close: () => broker.close() }
    }
    case 'pg-boss': {
      const boss = new PgBoss({
        connectionString: options.url ?? config.url,
        schema: config.schema,
        application_name: 'redrive-queue',
      })
      boss.on('error', (error) => options.tell(`pg-boss: ${error.message}`))
      await boss.start()
      const broker = pgBossBroker({ boss })
      return {
        broker,
        close: async () => {
          await broker.close()
          await boss.stop({ graceful: false, close: true })
        },
      }
    }
  }
}
