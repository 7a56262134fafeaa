import { RedriveError } from '../../errors.ts'
import { confluentDriver } from './confluent.ts'
import type { ConfluentConnection, ConfluentModule } from './confluent-client.ts'
import type { ClientDriver } from './driver.ts'
import { kafkaJsDriver } from './kafkajs.ts'
import type { KafkaJs } from './kafkajs-client.ts'
import { platformaticDriver } from './platformatic.ts'
import type { PlatformaticConnection, PlatformaticModule } from './platformatic-client.ts'

/** Your client, recognised by its shape, and how it connects. */
export type KafkaClient =
  | {
      /** The module `@platformatic/kafka`. */
      readonly client: PlatformaticModule
      /** Options of all its clients: `clientId`, `bootstrapBrokers`, `tls`, `sasl`, `sessionTimeout`, … */
      readonly connection: PlatformaticConnection
    }
  | {
      /** A `Kafka` of kafkajs. */
      readonly client: KafkaJs
      /** Added to the options of its consumers: `sessionTimeout`, … */
      readonly consumerOptions?: Readonly<Record<string, unknown>>
    }
  | {
      /** The module `@confluentinc/kafka-javascript`: its rdkafka API. */
      readonly client: ConfluentModule
      /** Settings of librdkafka: `bootstrap.servers`, `client.id`, … */
      readonly connection: ConfluentConnection
    }

/** @throws CLIENT_UNSUPPORTED */
export function driverOf(options: KafkaClient): ClientDriver {
  if (isPlatformatic(options)) return platformaticDriver(options.client, options.connection)
  if (isConfluent(options)) return confluentDriver(options.client, options.connection)
  if (isKafkaJs(options)) return kafkaJsDriver(options.client, options.consumerOptions ?? {})
  throw new RedriveError('CLIENT_UNSUPPORTED', 'the Kafka client has none of the known shapes', {
    hint: 'give the module @platformatic/kafka, an instance of Kafka of kafkajs, or the module @confluentinc/kafka-javascript',
  })
}

type Of<Client> = Extract<KafkaClient, { readonly client: Client }>

function isPlatformatic(options: KafkaClient): options is Of<PlatformaticModule> {
  return 'Consumer' in options.client && 'Producer' in options.client && 'Admin' in options.client
}

function isConfluent(options: KafkaClient): options is Of<ConfluentModule> {
  return 'KafkaConsumer' in options.client && 'Producer' in options.client && 'AdminClient' in options.client
}

function isKafkaJs(options: KafkaClient): options is Of<KafkaJs> {
  return 'consumer' in options.client && 'producer' in options.client && 'admin' in options.client
}
