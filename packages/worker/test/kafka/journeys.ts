import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as platformatic from '@platformatic/kafka'
import { produceKey } from '../../../../tools/testing/kafka-proxy.ts'
import { kafkaUnderTest } from '../../../../tools/testing/kafka-under-test.ts'
import type { Broker, Delivery, ReceiveOptions, Subscription } from '../../src/broker.ts'
import type { Header, Message } from '../../src/message.ts'
import { type KafkaHarness, kafkaHarness, type MakeBroker } from './harness.ts'

const deadlineMs = 40_000
const connection = { clientId: 'journey', bootstrapBrokers: [kafkaUnderTest()] }

/** What Kafka alone can do to a consumer, for one client: its bytes, transactions, rebalances, cuts and unclean ends. */
export function testJourneys(name: string, make: MakeBroker): void {
  const journey = (title: string, run: (harness: KafkaHarness, place: string) => Promise<void>): void => {
    test(`${name} · ${title}`, async () => {
      const harness = await kafkaHarness(make)
      try {
        const place = `${harness.prefix}-orders`
        await harness.broker.prepare([{ place, role: 'source' }])
        await run(harness, place)
      } finally {
        await harness.dispose()
      }
    })
  }

  journey('every byte of a record arrives, or its loss is stated', async ({ broker }, place) => {
    const headers: readonly Header[] = [
      header('b', 'first'),
      header('a', ''),
      header('b', null),
      header('c', '\u00ff'),
      header('b', 'first'),
    ]
    const bodies = [null, new Uint8Array(0), Uint8Array.from({ length: 256 }, (_, n) => n)]
    const messages: Message[] = bodies.flatMap((body) => bodies.map((key) => ({ key, body, headers })))
    await sendAll(broker, place, messages)
    const subscription = await receive(broker, place)
    const taken = await take(subscription, messages.length)
    const pair = ({ key, body }: Message): string => `${hex(key)}/${hex(body)}`
    assert.deepEqual(taken.map(({ message }) => pair(message)).toSorted(), messages.map(pair).toSorted())
    const { nulls, order } = broker.capabilities.headers
    const lines = (list: readonly Header[]): string[] =>
      list.map(({ name: each, value }) => `${each}=${hex(value ?? (nulls ? null : new Uint8Array(0)))}`)
    const shown = (list: readonly Header[]): string[] => (order ? lines(list) : lines(list).toSorted())
    for (const { message } of taken) assert.deepEqual(shown(message.headers), shown(headers))
    if (!nulls || !order) assert.ok(broker.capabilities.losses.length > 0)
    await subscription.close()
  })

  journey(
    'a timestamp is that of the producer, and in a lane that of the broker',
    async ({ broker, prefix }, place) => {
      const lane = `${prefix}-lane`
      await broker.prepare([{ place: lane, role: 'lane', like: place }])
      const old = Date.UTC(2020, 1, 2)
      const startMs = Date.now()
      for (const each of [place, lane]) await sendAll(broker, each, [{ ...messageOf('x'), timestampMs: old }])
      const times: (number | undefined)[] = []
      for (const each of [place, lane]) {
        const subscription = await receive(broker, each)
        times.push((await take(subscription, 1))[0]?.message.timestampMs)
        await subscription.close()
      }
      assert.equal(times[0], old)
      assert.ok(
        (times[1] ?? 0) >= startMs - 1000,
        `the copy of an old message is not removed as old: ${String(times[1])}`,
      )
    },
  )

  journey('records of an aborted transaction are never delivered', async ({ broker }, place) => {
    const producer = new platformatic.Producer({ ...connection, idempotent: true, transactionalId: `t-${place}` })
    const write = async (bodies: readonly string[], commit: boolean): Promise<void> => {
      const transaction = await producer.beginTransaction()
      const messages = bodies.map((body) => ({ topic: place, partition: 0, value: Buffer.from(body) }))
      await transaction.send({ messages, acks: -1 })
      await (commit ? transaction.commit() : transaction.abort())
    }
    await write(['a1', 'a2'], false)
    await write(['c1', 'c2'], true)
    await write(['a3'], false)
    await write(['c3'], true)
    await write(['a4', 'a5'], false)
    await producer.close()
    const subscription = await receive(broker, place)
    const taken = await take(subscription, 3)
    assert.deepEqual(taken.map(bodyOf), ['c1', 'c2', 'c3'])
    await subscription.settle(taken, { kind: 'ack' })
    assert.deepEqual(await subscription.next({ maxMessages: 10, waitMs: 1000 }), [])
    await until(
      'markers and aborted records do not count as waiting',
      async () => (await broker.depth(place, 'reefer')).messages === 0,
    )
    await subscription.close()
  })

  journey('a rebalance takes nothing from partitions that stay', async ({ broker, other }, place) => {
    await sendEvenly(broker, place, 30)
    const lost: string[] = []
    const first = await receive(broker, place, { onLost: (partitions) => lost.push(...partitions) })
    const held = await take(first, 30)
    const second = await receive(await other(), place)
    await until('the first consumer lost partitions', () => lost.length > 0)
    const moved = held.filter(({ partition }) => lost.includes(partition))
    assert.ok(moved.length > 0 && moved.length < held.length, `${String(moved.length)} of ${String(held.length)} moved`)
    await first.settle(held, { kind: 'ack' })
    const again = await take(second, moved.length)
    assert.deepEqual(
      again.map(idOf).toSorted(),
      moved.map(idOf).toSorted(),
      'what moved while it was in hand is delivered again',
    )
    assert.ok(
      again.every(({ redelivered }) => redelivered),
      'and marked',
    )
    await second.settle(again, { kind: 'ack' })
    for (const each of [first, second]) assert.deepEqual(await each.next({ maxMessages: 10, waitMs: 1000 }), [])
    await Promise.all([first.close(), second.close()])
  })

  for (const what of ['request', 'answer'] as const) {
    journey(
      `a cut ${what} is never said to be not sent when it is there, nor sent when it is not`,
      async ({ broker, other, proxyOf }, place) => {
        await sendAll(broker, place, [messageOf('before')])
        const cut = proxyOf(broker).cutNext(produceKey, what)
        const [result] = await broker.send(place, [{ message: messageOf('doubtful') }])
        await cut
        const subscription = await receive(await other(), place)
        const seen = await takeAll(subscription, 1500)
        const copies = seen.filter((delivery) => bodyOf(delivery) === 'doubtful').length
        assert.ok(copies <= 1, `${String(copies)} copies`)
        assert.ok(seen.some((delivery) => bodyOf(delivery) === 'before'))
        if (result?.kind === 'sent') assert.equal(copies, 1)
        if (result?.kind === 'not-sent') assert.equal(copies, 0)
        if (what === 'answer') assert.equal(copies, 1)
        await until(
          'the connection is made again',
          async () => (await broker.send(place, [{ message: messageOf('after') }]))[0]?.kind === 'sent',
        )
        await subscription.close()
      },
    )
  }

  journey(
    'after an unclean end what was in hand is marked, and not everything else',
    async ({ broker, other, crash }, place) => {
      await sendEvenly(broker, place, 3000)
      const doomed = await other()
      const subscription = await receive(doomed, place)
      const held = await take(subscription, 20)
      assert.ok(held.every(({ redelivered }) => !redelivered))
      await crash?.(doomed)
      const next = await receive(broker, place)
      const again = await take(next, 3000)
      const marked = new Set(again.filter(({ redelivered }) => redelivered).map(idOf))
      for (const delivery of held) assert.ok(marked.has(idOf(delivery)), `${String(delivery.nativeId)} was in hand`)
      assert.ok(marked.size < 1000, `${String(marked.size)} of 3000 are marked for 20 that were in hand`)
      await next.settle(again, { kind: 'ack' })
      await next.close()
    },
  )

  journey(
    'what was acknowledged before a cut is never written over the position of a successor, or that it may be is stated',
    async ({ broker, other, proxyOf }, place) => {
      await sendEvenly(broker, place, 300)
      const cut = await other()
      let assignments = 0
      const first = await receive(cut, place, {
        onTrouble({ kind }) {
          if (kind === 'rebalanced') assignments += 1
        },
      })
      await first.settle(await take(first, 100), { kind: 'ack' })
      await proxyOf(cut).refuse()
      const second = await receive(broker, place)
      const depth = async (): Promise<number> => (await broker.depth(place, 'reefer')).messages
      await until('the successor has settled everything', async () => {
        await second.settle(await second.next({ maxMessages: 300, waitMs: 250 }), { kind: 'ack' })
        return (await depth()) === 0
      })
      const before = assignments
      await proxyOf(cut).accept()
      await until('the first one is a member again', () => assignments > before)
      for (const each of [first, second]) assert.deepEqual(await each.next({ maxMessages: 10, waitMs: 1000 }), [])
      // The 200 that the first one had not acknowledged when it was cut.
      const isStated = broker.capabilities.losses.some((loss) => loss.includes('commit'))
      assert.ok((await depth()) <= (isStated ? 200 : 0))
      await Promise.all([first.close(), second.close()])
    },
  )

  journey('after a clean end nothing is marked', async ({ broker, other }, place) => {
    await sendEvenly(broker, place, 300)
    const one = await other()
    const subscription = await receive(one, place)
    await subscription.settle(await take(subscription, 120), { kind: 'ack' })
    await subscription.close()
    await one.close()
    const next = await receive(broker, place)
    const rest = await take(next, 180)
    assert.deepEqual(rest.filter(({ redelivered }) => redelivered).map(idOf), [])
    await next.close()
  })

  journey('the commit of a group that is called like the consumer is taken over', async ({ broker }, place) => {
    await sendAll(
      broker,
      place,
      Array.from({ length: 10 }, (_, n) => messageOf(`m${String(n)}`)),
      '0',
    )
    const admin = new platformatic.Admin(connection)
    await admin.alterConsumerGroupOffsets({
      groupId: 'reefer',
      topics: [{ name: place, partitionOffsets: [{ partition: 0, offset: 6n }] }],
    })
    await admin.close()
    const subscription = await receive(broker, place)
    assert.deepEqual((await take(subscription, 4)).map(bodyOf), ['m6', 'm7', 'm8', 'm9'])
    await subscription.close()
  })

  journey('a position that the broker has removed is gone over', async ({ broker }, place) => {
    await sendAll(
      broker,
      place,
      Array.from({ length: 10 }, (_, n) => messageOf(`m${String(n)}`)),
      '0',
    )
    const admin = new platformatic.Admin(connection)
    await admin.deleteRecords({ topics: [{ name: place, partitions: [{ partition: 0, offset: 7n }] }] })
    await admin.close()
    const positions = { load: () => Promise.resolve(new Map([['0', 2n]])) }
    const subscription = await receive(broker, place, { positions })
    assert.deepEqual((await take(subscription, 3)).map(bodyOf), ['m7', 'm8', 'm9'])
    await subscription.close()
  })
}

const header = (name: string, value: string | null): Header => ({
  name,
  value: value === null ? null : new TextEncoder().encode(value),
})
const hex = (bytes: Uint8Array | null): string => (bytes === null ? 'null' : Buffer.from(bytes).toString('hex'))
export const messageOf = (body: string): Message => ({ key: null, body: new TextEncoder().encode(body), headers: [] })
export const bodyOf = ({ message }: Delivery): string => Buffer.from(message.body ?? []).toString()
const idOf = ({ nativeId }: Delivery): string => String(nativeId)

export async function sendAll(
  broker: Broker,
  place: string,
  messages: readonly Message[],
  partition?: string,
): Promise<void> {
  const results = await broker.send(
    place,
    messages.map((message) => (partition === undefined ? { message } : { message, partition })),
  )
  for (const result of results) assert.equal(result.kind, 'sent', 'reason' in result ? result.reason : '')
}

async function sendEvenly(broker: Broker, place: string, count: number): Promise<void> {
  const { partitions } = await broker.describe(place)
  const results = await broker.send(
    place,
    Array.from({ length: count }, (_, n) => ({
      message: messageOf(`m${String(n)}`),
      partition: String(n % partitions),
    })),
  )
  assert.ok(results.every(({ kind }) => kind === 'sent'))
}

export function receive(broker: Broker, place: string, options: Partial<ReceiveOptions> = {}): Promise<Subscription> {
  return broker.receive(place, { consumer: 'reefer', maxInFlight: { messages: 5000, bytes: 64_000_000 }, ...options })
}

export async function take(subscription: Subscription, count: number): Promise<readonly Delivery[]> {
  const taken: Delivery[] = []
  const end = Date.now() + deadlineMs
  while (taken.length < count) {
    assert.ok(Date.now() < end, `only ${String(taken.length)} of ${String(count)} came`)
    taken.push(...(await subscription.next({ maxMessages: count - taken.length, waitMs: 250 })))
  }
  return taken
}

/** Everything until nothing came for `quietMs`. */
async function takeAll(subscription: Subscription, quietMs: number): Promise<readonly Delivery[]> {
  const taken: Delivery[] = []
  for (;;) {
    const next = await subscription.next({ maxMessages: 1000, waitMs: quietMs })
    if (next.length === 0) return taken
    taken.push(...next)
  }
}

export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + deadlineMs
  while (!(await isTrue())) {
    assert.ok(Date.now() < end, `not in time: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
