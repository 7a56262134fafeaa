import { Admin, Consumer, Producer } from '@platformatic/kafka'
import type { Broker } from '@redrive/worker'
import { kafkaBroker } from '@redrive/worker/kafka'
import { rabbitmqBroker } from '@redrive/worker/rabbitmq'
import { connect as amqpConnect } from 'amqplib'
import { openPgBoss } from '../open-pg-boss.ts'

/** The queue the demo runs on, as text that the worker's process is given. */
export type DemoQueue =
  | { readonly type: 'pg-boss'; readonly url: string }
  | { readonly type: 'kafka'; readonly brokers: readonly string[] }
  | { readonly type: 'rabbitmq'; readonly url: string }

/** What a user of the worker library writes to connect: his own client, handed over. */
export async function openDemoBroker(
  queue: DemoQueue,
  clientId: string,
): Promise<{ readonly broker: Broker; close(): Promise<void> }> {
  switch (queue.type) {
    case 'kafka': {
      const broker = kafkaBroker({
        client: { Admin, Consumer, Producer },
        connection: { clientId, bootstrapBrokers: [...queue.brokers], sessionTimeout: 6_000 },
      })
      return { broker, close: () => broker.close() }
    }
    case 'rabbitmq': {
      const broker = rabbitmqBroker({ connect: () => amqpConnect(queue.url) })
      return { broker, close: () => broker.close() }
    }
    case 'pg-boss':
      return openPgBoss({ connectionString: queue.url, application_name: clientId }, () => undefined)
  }
}
