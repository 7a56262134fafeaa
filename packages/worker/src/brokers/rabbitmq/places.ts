import type { Depth, PlaceDescription, PlaceSpec } from '../../broker.ts'
import { RedriveError } from '../../errors.ts'
import { type ChannelLike, type ConnectionLike, reasonOf, replyCode } from './client.ts'
import { ignore, type Link } from './connection.ts'

/** How long the broker lets one delivery of a queue of ours go unsettled; its default for others is 30 minutes. */
export const consumerTimeoutMs: number = 7 * 24 * 60 * 60 * 1000

/**
 * Declares durable quorum queues. A queue that exists stays as it is: declaring it with other arguments changes nothing.
 * @returns whether the queue has exactly the arguments given here, `x-consumer-timeout` among them
 * @throws PLACE_MISSING when it does not exist and may not be created, BROKER_UNREACHABLE
 */
export async function declare(link: Link, { place }: PlaceSpec): Promise<boolean> {
  const queueArguments = argumentsFor(await link.open())
  try {
    await onChannel(link, (channel) => channel.assertQueue(place, { durable: true, arguments: queueArguments }))
    return 'x-consumer-timeout' in queueArguments
  } catch (error) {
    // 406: it exists with other arguments. 403, 405: not ours to declare, but perhaps to use.
    const code = replyCode(error)
    if (code !== 406 && code !== 403 && code !== 405) throw unreachable(place, error)
    if ((await inspect(link, place)) === undefined) {
      throw new RedriveError(
        'PLACE_MISSING',
        `the queue ${place} is missing and cannot be created: ${reasonOf(error)}`,
        { cause: error },
      )
    }
    return false
  }
}

export async function depthOf(link: Link, place: string): Promise<Depth> {
  const queue = await inspect(link, place)
  if (queue === undefined) throw new RedriveError('PLACE_MISSING', `there is no queue ${place}`)
  return { messages: queue.messageCount }
}

export async function describe(link: Link, place: string): Promise<PlaceDescription> {
  const queue = await inspect(link, place)
  if (queue === undefined) return { exists: false, partitions: 0, facts: [], consumers: [] }
  const { product, version } = serverOf(await link.open())
  const facts = [
    `${product} ${version}`,
    `${queue.messageCount} messages ready, ${queue.consumerCount} consumers; AMQP does not tell who they are`,
    'AMQP does not tell the type, arguments and policies of a queue: a length limit, a message TTL or a delivery limit can drop or dead-letter messages',
  ]
  return { exists: true, partitions: 1, facts, consumers: [] }
}

function argumentsFor(connection: ConnectionLike): Record<string, string | number> {
  const quorum = { 'x-queue-type': 'quorum' }
  const { product, version } = serverOf(connection)
  // From 4.0 on a quorum queue drops a message after 20 deliveries unless told otherwise; before, the argument would mean a limit.
  const isModern = product === 'RabbitMQ' && Number.parseInt(version, 10) >= 4
  return isModern ? { ...quorum, 'x-delivery-limit': -1, 'x-consumer-timeout': consumerTimeoutMs } : quorum
}

function serverOf({ connection }: ConnectionLike): { readonly product: string; readonly version: string } {
  const { product, version } = (connection?.serverProperties ?? {}) as {
    readonly product?: unknown
    readonly version?: unknown
  }
  return {
    product: typeof product === 'string' ? product : 'unknown',
    version: typeof version === 'string' ? version : '',
  }
}

async function inspect(
  link: Link,
  place: string,
): Promise<{ readonly messageCount: number; readonly consumerCount: number } | undefined> {
  try {
    return await onChannel(link, (channel) => channel.checkQueue(place))
  } catch (error) {
    if (replyCode(error) === 404) return undefined
    throw unreachable(place, error)
  }
}

/** A channel of its own: a refusal closes it. */
function onChannel<T>(link: Link, use: (channel: ChannelLike) => Promise<T>): Promise<T> {
  return link.use(async (connection) => {
    const channel = await connection.createChannel()
    channel.on('error', () => undefined)
    const result = await use(channel)
    ignore(channel.close())
    return result
  })
}

function unreachable(place: string, error: unknown): unknown {
  if (error instanceof RedriveError) return error
  return new RedriveError('BROKER_UNREACHABLE', `${place}: ${reasonOf(error)}`, { cause: error })
}
