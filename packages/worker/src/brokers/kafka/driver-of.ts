import { RedriveError } from '../../errors.ts'
import type { ClientDriver } from './driver.ts'
import { platformaticDriver } from './platformatic.ts'
import type { PlatformaticConnection, PlatformaticModule } from './platformatic-client.ts'

/** Your client, recognised by its shape, and how it connects. */
export type KafkaClient = {
  /** The module `@platformatic/kafka`. */
  readonly client: PlatformaticModule
  readonly connection: PlatformaticConnection
}

export function driverOf(options: KafkaClient): ClientDriver {
  const { client } = options
  if ('Consumer' in client && 'Producer' in client && 'Admin' in client) return platformaticDriver(client, options.connection)
  throw new RedriveError('CLIENT_UNSUPPORTED', 'the Kafka client has none of the known shapes', {
    hint: 'give the module @platformatic/kafka, an instance of Kafka of kafkajs, or the module @confluentinc/kafka-javascript',
  })
}
