import type { Broker } from '@redrive/worker'
import { openArchivePlace, tryPlace } from './archive/index.ts'
import type { BrokerConfig, Config } from './config/index.ts'
import { maskerOf } from './masking/index.ts'
import { naming } from './naming.ts'
import { type Office, openOffice } from './office.ts'
import type { OpenBroker } from './office-captures.ts'
import { openPgBossLater } from './open-pg-boss.ts'
import { embeddedQueueUrl, openDatabase, reachDatabase, tryDatabase } from './store/database.ts'
import { isSameDatabase } from './store/same-database.ts'

export type { Office } from './office.ts'

/**
 * Starts the office a configuration describes, also while a broker of it is away: one outage must not keep the others' letters from being seen.
 * The only file that names concrete adapters.
 * @throws DATA_FOLDER_IN_USE, DATABASE_UNREACHABLE, DATABASE_UNSAFE, OPTION_INVALID (the port), …
 */
export async function startOffice(
  config: Config,
  options: { readonly onEvent?: (line: string) => void; readonly isRestored?: boolean } = {},
): Promise<Office> {
  const told = options.onEvent ?? (() => undefined)
  const masker = maskerOf(config.masking, 'nobody')
  const tell = masker === null ? told : (line: string) => told(masker.text(line, null))
  const database = await openDatabase(config, tell)
  const brokers: OpenBroker[] = []
  try {
    for (const [name, broker] of Object.entries(config.brokers)) {
      const url = broker.type === 'pg-boss' && broker.url === 'embedded' ? await embeddedQueueUrl(database) : null
      const opened = await openBroker(broker, { url, tell })
      const isWithin = broker.type === 'pg-boss' && url === null && (await isSameDatabase(database.url, broker.url))
      if (isWithin) tell(`brokers.${name}: ${within}`)
      brokers.push({ name, config: broker, isWithin, ...opened })
    }
  } catch (error) {
    await Promise.all(brokers.map(({ close }) => close()))
    await database.stop()
    throw error
  }
  return openOffice({ config, database, brokers, tell, isRestored: options.isRestored ?? false })
}

/**
 * Asks everything a configuration names whether it can be reached. Captures nothing, and leaves nothing behind but the folder of archives.
 * @param options.allowUnsafe as of `openStore`
 * @returns a line for each thing, in the order of the configuration
 * @throws DATABASE_UNREACHABLE, DATABASE_TOO_OLD, DATABASE_UNSAFE, BROKER_UNREACHABLE, ARCHIVE_UNWRITABLE, ARCHIVE_UNREADABLE: the first that cannot
 */
export async function checkConfig(
  config: Config,
  options: { readonly allowUnsafe?: boolean } = {},
): Promise<readonly string[]> {
  const lines: string[] = []
  if (config.database === null) lines.push(`database: an embedded one in ${config.data}`)
  else {
    await tryDatabase(config.database, options)
    lines.push('database: yours, it answers')
  }
  for (const [name, broker] of Object.entries(config.brokers)) {
    lines.push(...(await naming({ name, config: broker }, () => checkBroker(name, broker, config.database))))
  }
  if (config.archive !== null) {
    const place = openArchivePlace(config.archive)
    await tryPlace(place)
    lines.push(`archive: ${place.description}, it can be written and read`)
  }
  return lines
}

const within = 'in the database of the office: a letter is sent and marked in one transaction'

async function checkBroker(
  name: string,
  config: BrokerConfig,
  database: Config['database'],
): Promise<readonly string[]> {
  if (config.type === 'pg-boss') {
    if (config.url === 'embedded') return [`brokers.${name}: the embedded queue`]
    await reachDatabase(config.url)
    const isWithin = database !== null && (await isSameDatabase(database, config.url))
    return [`brokers.${name}: pg-boss, it answers`, ...(isWithin ? [`brokers.${name}: ${within}`] : [])]
  }
  const { broker, close } = await openBroker(config, { url: null, tell: () => undefined })
  try {
    const lines: string[] = []
    for (const place of config.deadLetters) {
      const { exists } = await broker.describe(place)
      lines.push(`brokers.${name}: ${place} ${exists ? 'is there' : 'does not exist yet; it is read once it does'}`)
    }
    return lines
  } finally {
    await close()
  }
}

interface Opened {
  readonly broker: Broker
  close(): Promise<void>
}

/** A server that takes a connection and says nothing would be waited for without an end. */
const connectTimeoutMs = 10_000

/** A client is loaded when a configuration names its broker: that of Kafka alone takes as long to load as half of the office. */
async function openBroker(
  config: BrokerConfig,
  options: { readonly url: string | null; readonly tell: (line: string) => void },
): Promise<Opened> {
  switch (config.type) {
    case 'kafka': {
      const { Admin, Consumer, Producer } = await import('@platformatic/kafka')
      const { kafkaBroker } = await import('@redrive/worker/kafka')
      const { brokers, tls, sasl } = config
      const connection = {
        clientId: 'redrive-office',
        bootstrapBrokers: [...brokers],
        sessionTimeout: 10_000,
        ...(tls === undefined ? {} : { tls }),
        ...(sasl === undefined ? {} : { sasl }),
      }
      const broker = kafkaBroker({ client: { Admin, Consumer, Producer }, connection })
      return { broker, close: () => broker.close() }
    }
    case 'rabbitmq': {
      const { connect } = await import('amqplib')
      const { rabbitmqBroker } = await import('@redrive/worker/rabbitmq')
      const { management } = config
      const vhost = decodeURIComponent(new URL(config.url).pathname.slice(1)) || '/'
      const broker = rabbitmqBroker({
        connect: () => connect(config.url, { timeout: connectTimeoutMs, ...config.tls }),
        ...(management === undefined ? {} : { management: { url: management.url, vhost } }),
      })
      return { broker, close: () => broker.close() }
    }
    case 'pg-boss':
      return openPgBossLater(
        { connectionString: options.url ?? config.url, schema: config.schema, application_name: 'redrive-queue' },
        (error) => options.tell(`pg-boss: ${error.message}`),
      )
  }
}
