import * as platformatic from '@platformatic/kafka'
import { Kafka, logLevel } from 'kafkajs'
import { loadConfluent } from '../../../../tools/confluent/install.ts'
import type { ConfluentModule } from '../../src/brokers/kafka/confluent-client.ts'
import { kafkaBroker } from '../../src/brokers/kafka/index.ts'
import type { MakeBroker } from './harness.ts'

const clientId = 'under-test'

export const withPlatformatic: MakeBroker = (address) =>
  kafkaBroker({
    client: platformatic,
    connection: { clientId, bootstrapBrokers: [address], sessionTimeout: 6000, heartbeatInterval: 500 },
  })

export const withKafkaJs: MakeBroker = (address) =>
  kafkaBroker({
    client: new Kafka({ clientId, brokers: [address], logLevel: logLevel.NOTHING }),
    consumerOptions: { sessionTimeout: 6000, heartbeatInterval: 500 },
  })

/** Builds the client at first use: that takes minutes. */
export async function withConfluent(): Promise<MakeBroker> {
  const client = await loadConfluent<ConfluentModule>()
  return (address) =>
    kafkaBroker({
      client,
      connection: {
        'bootstrap.servers': address,
        'client.id': clientId,
        'session.timeout.ms': 6000,
        'heartbeat.interval.ms': 500,
        'reconnect.backoff.max.ms': 500,
      },
    })
}
