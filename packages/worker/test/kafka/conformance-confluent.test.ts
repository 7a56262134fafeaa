import { testBroker } from '../../src/testing/index.ts'
import { withConfluent } from './clients.ts'
import { endWithTests } from './end-with-tests.ts'
import { kafkaHarness } from './harness.ts'

endWithTests()
const make = await withConfluent()

testBroker('kafka · confluent', { create: () => kafkaHarness(make) })
