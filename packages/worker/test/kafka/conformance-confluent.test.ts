import { testBroker } from '../../src/testing/index.ts'
import { withConfluent } from './clients.ts'
import { kafkaHarness } from './harness.ts'

const make = await withConfluent()

testBroker('kafka · confluent', { create: () => kafkaHarness(make) })
