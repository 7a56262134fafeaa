import type { Broker, Capabilities, PlaceSpec } from '../../broker.ts'
import { type Clock, systemClock } from '../../clock.ts'
import { isRedriveError, RedriveError } from '../../errors.ts'
import { describeTopic } from './describe.ts'
import type { ClientDriver } from './driver.ts'
import { driverOf, type KafkaClient } from './driver-of.ts'
import { expiryOf } from './expiry.ts'
import { consumerOf, groupOf } from './groups.ts'
import { endsOf, findInTopic } from './look-back.ts'
import { textOf } from './protocol-errors.ts'
import { sendAll } from './send.ts'
import { KafkaSubscription } from './subscription.ts'
import { topicSpec } from './topic-spec.ts'
import { within } from './within.ts'

export type { KafkaClient } from './driver-of.ts'

export type KafkaBrokerOptions = KafkaClient & {
  /**
   * Largest message in bytes with headers: what `max.message.bytes` of your topics allows. Larger ones are left to the broker to refuse.
   * @default 1_048_576, the broker's own default
   */
  readonly maxBytes?: number
  /**
   * The consumer group of a consumer at a place.
   * @default `<consumer>.<place>`: one group per topic, so that a rebalance of one never stops another. Where it has no commit yet,
   * the commit of a group called `<consumer>` is taken over.
   */
  readonly group?: (consumer: string, place: string) => string
  /** How long handlers may finish in a rebalance before their partitions are given up. @default 1_000 */
  readonly rebalanceGraceMs?: number
  /** How long `receive` tries to join before it fails. @default 60_000 */
  readonly joinTimeoutMs?: number
  readonly clock?: Clock
}

/**
 * The port on Kafka. The client is yours, and stays your dependency: `@platformatic/kafka` (recommended), `kafkajs` or
 * `@confluentinc/kafka-javascript`; what one of them loses stands in `capabilities`.
 * @throws CLIENT_UNSUPPORTED
 */
export function kafkaBroker(options: KafkaBrokerOptions): Broker {
  const client = driverOf(options)
  const maxBytes = options.maxBytes ?? 1_048_576
  const clock = options.clock ?? systemClock
  const group = options.group ?? groupOf
  const subscriptions = new Set<KafkaSubscription>()
  const capabilities: Capabilities = {
    ordering: 'partition',
    nativeDelay: false,
    redelivered: 'superset',
    positions: true,
    keys: true,
    headers: client.headers,
    misfits: { headerTypes: 'lost' },
    maxBytes,
    maxHeaderBytes: maxBytes,
    losses: client.losses,
  }
  let closing: Promise<void> | undefined
  // Somewhere to begin: processes that start together do not all begin with the same partition.
  let turn = Math.floor(Math.random() * 1024)
  const nextPartition = (): number => {
    turn = (turn + 1) % 1_000_000
    return turn
  }

  const existing = async (place: string): Promise<number> => {
    const partitions = await reaching(client.partitionsOf(place))
    if (partitions === null) throw placeMissing(place)
    return partitions
  }

  return {
    system: 'kafka',
    capabilities,
    async prepare(places) {
      refuseClosed(closing)
      await prepare(client, places)
    },
    async receive(place, receive) {
      refuseClosed(closing)
      await existing(place)
      const subscription = new KafkaSubscription({
        client,
        topic: place,
        group: group(receive.consumer, place),
        receive,
        clock,
        rebalanceGraceMs: options.rebalanceGraceMs ?? 1000,
      })
      // Also while it joins: a close of the broker takes it out of its group.
      subscriptions.add(subscription)
      try {
        await joined(subscription, options.joinTimeoutMs ?? 60_000)
      } catch (error) {
        subscriptions.delete(subscription)
        throw error
      }
      refuseClosed(closing)
      return subscription
    },
    async send(place, messages) {
      if (closing !== undefined)
        return messages.map(() => ({ kind: 'not-sent', reason: 'the broker is closed', retryable: false }))
      return sendAll(client, messages, { topic: place, maxBytes, nextPartition })
    },
    async depth(place, consumer) {
      await existing(place)
      const mine = [...subscriptions].filter((each) => each.topic === place && each.consumer === consumer)
      await Promise.all(mine.map((each) => each.flush()))
      return {
        messages: await reaching(depthOf(client, place, consumer === undefined ? undefined : group(consumer, place))),
      }
    },
    async describe(place) {
      const described = await reaching(describeTopic(client, place))
      const consumers = described.consumers.map((each) => consumerOf(each, place)).filter((each) => each !== null)
      return { ...described, consumers: [...new Set(consumers)] }
    },
    ...lookingBack(client),
    ...telling(client, { group, clock }),
    close() {
      closing ??= Promise.all([...subscriptions].map((each) => each.close())).then(() => client.close())
      return closing
    },
  }
}

function lookingBack({ lookBack }: ClientDriver): Pick<Broker, 'ends' | 'findReplays'> {
  if (lookBack === undefined) return {}
  return {
    ends: (place) => reaching(endsOf(lookBack, place)),
    findReplays: (place, search) => reaching(findInTopic(lookBack, { topic: place, ...search })),
  }
}

function telling(
  client: ClientDriver,
  { group, clock }: { readonly group: (consumer: string, place: string) => string; readonly clock: Clock },
): Pick<Broker, 'expiry'> {
  const firstSince = client.firstSince?.bind(client)
  if (firstSince === undefined) return {}
  return {
    expiry: (topic, { consumer, ...reader }) =>
      reaching(
        expiryOf({ client, firstSince }, { topic, group: group(consumer, topic), nowMs: clock.now(), ...reader }),
      ),
  }
}

async function prepare(client: ClientDriver, places: readonly PlaceSpec[]): Promise<void> {
  const counts = new Map<string, number>()
  for (const spec of places) {
    if ((await reaching(client.partitionsOf(spec.place))) !== null) continue
    const like =
      spec.like === undefined ? null : (counts.get(spec.like) ?? (await reaching(client.partitionsOf(spec.like))))
    const topic = topicSpec(spec, like)
    counts.set(spec.place, topic.partitions)
    try {
      await client.createTopics([topic])
    } catch (error) {
      throw new RedriveError(
        'PLACE_MISSING',
        `topic ${spec.place} does not exist and could not be created: ${textOf(error)}`,
        {
          cause: error,
          hint: 'create it, or allow this client to create topics',
        },
      )
    }
  }
}

async function joined(subscription: KafkaSubscription, timeoutMs: number): Promise<void> {
  let failure: unknown
  const joining = subscription.join().catch((error: unknown) => {
    failure = error
    throw error
  })
  if (await within(joining, timeoutMs)) return
  await subscription.close()
  throw new RedriveError('BROKER_UNREACHABLE', `the consumer group of ${subscription.topic} could not be joined`, {
    cause: failure,
  })
}

/** Without a consumer: everything the topic holds. */
async function depthOf(client: ClientDriver, place: string, group: string | undefined): Promise<number> {
  const [end, start] = await Promise.all([client.offsets(place, 'latest'), client.offsets(place, 'earliest')])
  const committed = group === undefined ? new Map<number, bigint>() : await client.committed(group, place)
  let depth = 0n
  for (const [partition, last] of end) {
    const first = start.get(partition) ?? 0n
    const next = committed.get(partition) ?? first
    const from = next > first ? next : first
    if (last > from) depth += last - from
  }
  return Number(depth)
}

async function reaching<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (isRedriveError(error)) throw error
    throw new RedriveError('BROKER_UNREACHABLE', `Kafka did not answer: ${textOf(error)}`, { cause: error })
  }
}

function placeMissing(place: string): RedriveError {
  return new RedriveError('PLACE_MISSING', `topic ${place} does not exist`, {
    hint: 'create it, or call prepare first',
  })
}

function refuseClosed(closing: Promise<void> | undefined): void {
  if (closing !== undefined) throw new RedriveError('BROKER_CLOSED', 'the broker is closed')
}
