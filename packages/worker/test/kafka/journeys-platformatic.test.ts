import { withPlatformatic } from './clients.ts'
import { testJourneys } from './journeys.ts'

testJourneys('kafka · platformatic', withPlatformatic)
