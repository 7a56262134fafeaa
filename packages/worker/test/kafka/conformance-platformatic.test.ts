import * as platformatic from '@platformatic/kafka'
import { kafkaBroker } from '../../src/brokers/kafka/index.ts'
import { testBroker } from '../../src/testing/index.ts'
import { kafkaHarness } from './harness.ts'

testBroker('kafka · platformatic', {
  create: () =>
    kafkaHarness((address) =>
      kafkaBroker({
        client: platformatic,
        connection: { clientId: 'conformance', bootstrapBrokers: [address], sessionTimeout: 6000, heartbeatInterval: 500 },
      }),
    ),
})
