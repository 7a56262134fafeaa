import type { Broker, Capabilities, Subscription } from '../../broker.ts'
import { RedriveError } from '../../errors.ts'
import type { ConnectionLike } from './client.ts'
import { closedError, linkOf } from './connection.ts'
import { keepingOf } from './keeping.ts'
import { limitsOf, type ManagementOptions } from './management.ts'
import { declare, depthOf, describe } from './places.ts'
import { senderOf } from './send.ts'
import { subscribe } from './subscription.ts'

export type {
  BasicProperties,
  ChannelLike,
  ConfirmChannelLike,
  ConnectionLike,
  DeliveredLike,
  PublishOptions,
} from './client.ts'
export type { ManagementOptions } from './management.ts'

export interface RabbitmqOptions {
  /**
   * Opens a connection of your amqplib, without its own recovery; called again whenever a connection was lost. Two are held:
   * one to receive, one to send, because a broker short of memory stops reading from those that send.
   */
  readonly connect: () => Promise<ConnectionLike>
  /** For opening a connection, and for beginning to receive. @default 10_000 */
  readonly connectTimeoutMs?: number
  /** After this time without a confirmation a send is uncertain. @default 30_000 */
  readonly confirmTimeoutMs?: number
  /** The broker's `max_message_size`; a larger message would make it close the channel. @default 16 MiB, RabbitMQ 4's own default */
  readonly maxMessageBytes?: number
  /**
   * RabbitMQ closes a channel that holds a delivery longer than `consumer_timeout` (30 minutes unless configured). After this time all
   * deliveries of the subscription are given back, and `onLost` told. Queues that `prepare` created may be held for 7 days.
   * @default 20 minutes
   */
  readonly maxHoldMs?: number
  /** Where the broker tells what limits a queue; without it `expiry` is not there, for AMQP does not. */
  readonly management?: ManagementOptions
}

/** Most that amqplib can encode as one header table. */
const maxTableBytes = 65_536
/** Kept free of it for what frames each header, and for what travels in a header of ours. */
const tableReserveBytes = 4_096

const losses = [
  'Body bytes are exact; text in headers that is not UTF-8 is damaged by the client when it decodes it.',
  'Header names are unique: a second header of the same name is refused. Their order is not kept.',
  'Widths of integers, integers above 2^53, doubles without a fraction and header names __proto__ are not kept by the client.',
  'Keys, null bodies, expiration, user-id, CC and BCC travel inside the header redrive-amqp, and do not act again.',
  'Timestamps have seconds. Messages are always sent persistent.',
  'A message that was given back, or only prefetched when a worker died, counts as redelivered too.',
  'The bound on bytes in flight holds for what is handed out; what is prefetched is bounded by its number only.',
  'RabbitMQ does not confirm an acknowledgement: it can be lost with the connection, and the message comes again.',
  'A message released with a delay keeps its place among those in flight at the broker until then.',
] as const

/** RabbitMQ 3.10 and later over amqplib. A place is a queue, reached through the default exchange. */
export function rabbitmqBroker(options: RabbitmqOptions): Broker {
  const maxMessageBytes = options.maxMessageBytes ?? 16 * 1024 * 1024
  const connectTimeoutMs = options.connectTimeoutMs ?? 10_000
  const maxHoldMs = options.maxHoldMs ?? 20 * 60_000
  let frameMax = maxTableBytes
  const link = (): ReturnType<typeof linkOf> =>
    linkOf({
      connect: options.connect,
      connectTimeoutMs,
      onOpen({ connection }) {
        if (typeof connection?.frameMax === 'number' && connection.frameMax > 0) frameMax = connection.frameMax
      },
    })
  const receiving = link()
  const sending = link()
  const subscriptions = new Set<Subscription>()
  /** Queues whose arguments let a delivery be held for days. */
  const patient = new Set<string>()
  let isClosed = false

  const capabilities: Capabilities = {
    ordering: 'queue',
    nativeDelay: false,
    redelivered: 'superset',
    positions: false,
    keys: true,
    headers: { duplicates: false, nulls: true, order: false },
    misfits: { key: 'aside', nullBody: 'aside', milliseconds: 'lost' },
    maxBytes: maxMessageBytes,
    get maxHeaderBytes() {
      return Math.min(maxTableBytes, frameMax) - tableReserveBytes
    },
    losses,
  }
  const send = senderOf(sending, { confirmTimeoutMs: options.confirmTimeoutMs ?? 30_000, limits: () => capabilities })

  return {
    system: 'rabbitmq',
    capabilities,
    async prepare(places) {
      for (const place of places) if (await declare(receiving, place)) patient.add(place.place)
    },
    async receive(place, receive) {
      if (isClosed) throw closedError()
      if (receive.positions !== undefined)
        throw new RedriveError('CAPABILITY_MISSING', 'a RabbitMQ queue has no positions')
      const hold = patient.has(place) ? Number.POSITIVE_INFINITY : maxHoldMs
      const subscription = await subscribe(receiving, {
        place,
        receive,
        maxHoldMs: hold,
        answerTimeoutMs: connectTimeoutMs,
      })
      const close = subscription.close.bind(subscription)
      subscription.close = (settled) => close(settled).finally(() => subscriptions.delete(subscription))
      subscriptions.add(subscription)
      return subscription
    },
    send,
    depth: (place) => depthOf(receiving, place),
    describe: (place) => describe(receiving, place),
    ...telling(receiving, options.management),
    async close() {
      isClosed = true
      await Promise.all([...subscriptions].map((subscription) => subscription.close()))
      await Promise.all([receiving.close(), sending.close()])
    },
  }
}

/** When a message came is not told: only its age in the queue would say when it ends. */
function telling(link: ReturnType<typeof linkOf>, management: ManagementOptions | undefined): Pick<Broker, 'expiry'> {
  if (management === undefined) return {}
  return {
    async expiry(place) {
      const keeps = keepingOf(await limitsOf(management, place), management)
      const { messages: waiting } = await depthOf(link, place)
      const oldestEndsAtMs = waiting === 0 || keeps.ageMs === null ? null : 'unknown'
      return { waiting, oldestEndsAtMs, gone: 0, keeps }
    },
  }
}
