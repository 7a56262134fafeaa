import { Kafka, logLevel } from 'kafkajs'
import { kafkaBroker } from '../../src/brokers/kafka/index.ts'
import { testBroker } from '../../src/testing/index.ts'
import { kafkaHarness } from './harness.ts'

testBroker('kafka · kafkajs', {
  create: () =>
    kafkaHarness((address) =>
      kafkaBroker({
        client: new Kafka({ clientId: 'conformance', brokers: [address], logLevel: logLevel.NOTHING }),
        consumerOptions: { sessionTimeout: 6000, heartbeatInterval: 500 },
      }),
    ),
  skip: [{ case: 'a cut is reported', reason: 'kafkajs connects again by itself and has no event for it' }],
})
