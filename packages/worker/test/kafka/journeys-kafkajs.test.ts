import { withKafkaJs } from './clients.ts'
import { testJourneys } from './journeys.ts'

testJourneys('kafka · kafkajs', withKafkaJs)
