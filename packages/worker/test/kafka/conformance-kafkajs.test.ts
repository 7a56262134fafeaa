import { testBroker } from '../../src/testing/index.ts'
import { withKafkaJs } from './clients.ts'
import { kafkaHarness } from './harness.ts'

testBroker('kafka · kafkajs', {
  create: () => kafkaHarness(withKafkaJs),
  skip: [{ case: 'a cut is reported', reason: 'kafkajs connects again by itself and has no event for it' }],
})
