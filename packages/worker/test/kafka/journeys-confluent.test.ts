import { withConfluent } from './clients.ts'
import { testJourneys } from './journeys.ts'

testJourneys('kafka · confluent', await withConfluent())
