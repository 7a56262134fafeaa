import type { Broker } from '@redrive/worker'
import { openPgBoss } from '../open-pg-boss.ts'

/** The queue the demo runs on, as text that the worker's process is given. */
export type DemoQueue =
  | { readonly type: 'pg-boss'; readonly url: string }
  | { readonly type: 'kafka'; readonly brokers: readonly string[] }
  | { readonly type: 'rabbitmq'; readonly url: string }

/** What a user of the worker library writes to connect: his own client, handed over. Only the one that is used is loaded. */
export async function openDemoBroker(
  queue: DemoQueue,
  clientId: string,
): Promise<{ readonly broker: Broker; close(): Promise<void> }> {
  switch (queue.type) {
    case 'kafka': {
      const { Admin, Consumer, Producer } = await import('@platformatic/kafka')
      const { kafkaBroker } = await import('@redrive/worker/kafka')
      const broker = kafkaBroker({
        client: { Admin, Consumer, Producer },
        connection: { clientId, bootstrapBrokers: [...queue.brokers], sessionTimeout: 6_000 },
      })
      return { broker, close: () => broker.close() }
    }
    case 'rabbitmq': {
      const { connect } = await import('amqplib')
      const { rabbitmqBroker } = await import('@redrive/worker/rabbitmq')
      const broker = rabbitmqBroker({ connect: () => connect(queue.url) })
      return { broker, close: () => broker.close() }
    }
    case 'pg-boss':
      return openPgBoss({ connectionString: queue.url, application_name: clientId }, () => undefined)
  }
}
