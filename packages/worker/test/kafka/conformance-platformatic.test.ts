import { testBroker } from '../../src/testing/index.ts'
import { withPlatformatic } from './clients.ts'
import { kafkaHarness } from './harness.ts'

testBroker('kafka · platformatic', { create: () => kafkaHarness(withPlatformatic) })
