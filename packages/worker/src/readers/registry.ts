import { kafka } from './kafka.ts'
import { kafkaConnect } from './kafka-connect.ts'
import { pgBoss } from './pg-boss.ts'
import { rabbitmq } from './rabbitmq.ts'
import type { Reader } from './reader.ts'
import { redrive } from './redrive.ts'
import { springKafka } from './spring-kafka.ts'

/** Every convention that is understood; a new one is one file and one line here. Transport first. */
export const readers: readonly Reader[] = [kafka, rabbitmq, pgBoss, redrive, springKafka, kafkaConnect]
