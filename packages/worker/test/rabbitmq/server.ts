import { after } from 'node:test'
import { type ConnectionLike, type RabbitmqOptions, rabbitmqBroker } from '@redrive/worker/rabbitmq'
import amqp from 'amqplib'
import type { Broker } from '../../src/broker.ts'
import { type LossyProxy, startLossyProxy } from '../lossy-proxy.ts'

/** @throws when no server is given: what needs one fails instead of passing without it */
export function rabbitmqUrl(): string {
  const url = process.env['REDRIVE_RABBITMQ']
  if (url === undefined || url === '')
    throw new Error('needs a RabbitMQ: REDRIVE_RABBITMQ=amqp://user:password@host:port')
  return url
}

/** Of its HTTP API. @throws when none is given */
export function managementUrl(): string {
  const url = process.env['REDRIVE_RABBITMQ_MANAGEMENT']
  if (url === undefined || url === '')
    throw new Error('needs the management of a RabbitMQ: REDRIVE_RABBITMQ_MANAGEMENT=http://user:password@host:port')
  return url
}

export function portOf(url: string): number {
  return Number(new URL(url).port || 5672)
}

export async function proxyTo(url: string): Promise<LossyProxy> {
  const proxy = await startLossyProxy({ host: new URL(url).hostname, port: portOf(url) })
  opened.add(proxy)
  return proxy
}

export function through(url: string, proxy: LossyProxy): string {
  const other = new URL(url)
  other.hostname = '127.0.0.1'
  other.port = String(proxy.port)
  return other.href
}

/** A test that fails leaves its connections to this, or its process would never end. */
const opened = new Set<{ close(): Promise<void> }>()
after(async () => {
  await Promise.all([...opened].map((each) => each.close()))
})

export interface Wired {
  readonly broker: Broker
  /** Resets its connections. */
  cut(): void
  /** Resets its connections, and it never gets another one. */
  crash(): void
}

export function wire(url: string, options: Omit<RabbitmqOptions, 'connect'> = {}): Wired {
  const connections = new Set<ConnectionLike>()
  let isDead = false
  const cut = (): void => {
    for (const connection of connections) socketOf(connection).destroy(new Error('the connection was cut'))
    connections.clear()
  }
  const broker = rabbitmqBroker({
    ...options,
    async connect() {
      if (isDead) throw new Error('this process is dead')
      const connection = await amqp.connect(url)
      connections.add(connection)
      return connection
    },
  })
  opened.add(broker)
  return {
    broker,
    cut,
    crash() {
      isDead = true
      cut()
    },
  }
}

function socketOf({ connection }: ConnectionLike): { destroy(error: Error): void } {
  return (connection as unknown as { readonly stream: { destroy(error: Error): void } }).stream
}

let places = 0

/** Unique for each call, in each process. */
export function prefixFor(name: string): string {
  places += 1
  return `test-${process.pid}-${Date.now().toString(36)}-${places}-${name}`
}

/** Deletes every queue that a test has prepared. */
export async function removeQueues(url: string, names: Iterable<string>): Promise<void> {
  const connection = await amqp.connect(url)
  const channel = await connection.createChannel()
  for (const name of names) await channel.deleteQueue(name)
  await connection.close()
}
