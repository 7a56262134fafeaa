import { withConfluent } from './clients.ts'
import { endWithTests } from './end-with-tests.ts'
import { testJourneys } from './journeys.ts'

endWithTests()
testJourneys('kafka · confluent', await withConfluent())
