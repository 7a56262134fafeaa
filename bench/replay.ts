import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { Admin, Consumer, Producer } from '@platformatic/kafka'
import type { Broker } from '@redrive/worker'
import { kafkaBroker } from '@redrive/worker/kafka'
import { checkLedger } from '../packages/server/src/ledger/check-ledger.ts'
import { recordTransfer } from '../packages/server/src/ledger/record-transfer.ts'
import { createPlan, noControl, startReplayer, startRun } from '../packages/server/src/replay/index.ts'
import { startEmbeddedPostgres } from '../packages/server/src/store/embedded/index.ts'
import { openStore, type Store } from '../packages/server/src/store/store.ts'
import { startKafka } from '../tools/servers/kafka.ts'
import { createTopic } from './lib/kafka-records.ts'
import { fillLetters } from './lib/many-letters.ts'
import { median } from './lib/median.ts'
import { table } from './lib/table.ts'
import { planMany } from './plan-many.ts'
import { limitOf } from './replay-limit.ts'

export const summary: string =
  'replay [--letters N,N] [--rounds N] [--port N] | --plan N: replays with intents and outcomes against a bare producer, on Kafka; or only plans'

const lane = 'orders-retries-reefer'
/** What a run takes at a time at full pace, and so what the bare producer sends at a time. */
const batch = 2_000

/**
 * Runs at top pace on a durable embedded PostgreSQL, against a producer of the same client that sends the same bytes in batches of the same size,
 * and against the least that a replay with intents and books has to do beside that: what of the distance to the producer could be won, and what
 * PostgreSQL, its driver and the machine take in any case.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      letters: { type: 'string', default: '10000,100000' },
      rounds: { type: 'string', default: '5' },
      port: { type: 'string' },
      plan: { type: 'string' },
    },
  })
  if (values.plan !== undefined) return planMany(Number(values.plan))
  const rounds = Number(values.rounds)
  const kafka = await startKafka({
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
    onProgress: console.error,
  })
  try {
    await createTopic({ brokers: kafka.brokers, topic: lane, partitions: 6 })
    const results: Result[] = []
    for (const letters of values.letters.split(',').map(Number)) {
      console.log(`\n${letters} letters`)
      results.push(await measured(kafka.brokers, { letters, rounds }))
    }
    console.log(JSON.stringify({ bench: 'replay', ...results.at(-1), sizes: results }))
  } finally {
    await kafka.stop()
  }
}

interface Result {
  readonly letters: number
  /** Letters a second. */
  readonly ours: number
  readonly limit: number
  readonly bare: number
  /** Of ours to the bare producer. */
  readonly ratio: number
  readonly ofLimit: number
}

/** On a server, a topic and letters of its own. */
async function measured(
  brokers: string,
  { letters, rounds }: { readonly letters: number; readonly rounds: number },
): Promise<Result> {
  const folder = await mkdtemp(path.join(tmpdir(), 'redrive-bench-'))
  try {
    const server = await startEmbeddedPostgres({ dataDir: path.join(folder, 'data') })
    const broker = kafkaBroker({
      client: { Admin, Consumer, Producer },
      connection: { clientId: 'office', bootstrapBrokers: [brokers] },
    })
    try {
      const store = await openStore({ url: server.url })
      const to = Date.now()
      await fillLetters(store, { letters, from: to - 86_400_000, to, bodyBytes: 2_400, onlyOrders: true })
      const result = await compare({ store, broker, brokers, letters, rounds })
      await store.close()
      return result
    } finally {
      await broker.close()
      await server.stop()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Bed {
  readonly store: Store
  readonly broker: Broker
  readonly brokers: string
  readonly letters: number
}

async function compare({ rounds, ...bed }: Bed & { readonly rounds: number }): Promise<Result> {
  const ours: number[] = []
  const limit: number[] = []
  const bare: number[] = []
  const print = table([8, 12, 12, 12, 12, 12, 12, 12])
  print('round', 'planned/s', 'replayed/s', 'limit/s', 'bare/s', 'ours/bare', 'limit/bare', 'ours/limit')
  // Round 0 warms up.
  for (let round = 0; round <= rounds; round++) {
    const { planned, replayed } = await replay(bed)
    const least = await replayTheLeast(bed)
    const produced = await produce(bed)
    if (round === 0) continue
    ours.push(replayed)
    limit.push(least)
    bare.push(produced)
    print(String(round), planned, replayed, least, produced, replayed / produced, least / produced, replayed / least)
  }
  const [oursMedian, limitMedian, bareMedian] = [median(ours), median(limit), median(bare)]
  const result: Result = {
    letters: bed.letters,
    ours: Math.round(oursMedian),
    limit: Math.round(limitMedian),
    bare: Math.round(bareMedian),
    ratio: Number((oursMedian / bareMedian).toFixed(3)),
    ofLimit: Number((oursMedian / limitMedian).toFixed(3)),
  }
  print('median', '', result.ours, result.limit, result.bare, result.ratio, limitMedian / bareMedian, result.ofLimit)
  return result
}

async function replay({
  store,
  broker,
  letters,
}: Bed): Promise<{ readonly planned: number; readonly replayed: number }> {
  await reopen(store)
  const planning = performance.now()
  const plan = await planAll(store, broker)
  const planned = letters / ((performance.now() - planning) / 1000)
  const done = Promise.withResolvers<void>()
  const replayer = startReplayer({
    store,
    brokers: new Map([['kafka', broker]]),
    pollMs: 60_000,
    onEvent: (event) => {
      if (event.kind === 'run-done') done.resolve()
      if (event.kind === 'trouble') done.reject(new Error(event.message))
    },
  })
  const startedAt = performance.now()
  await startRun(store, { plan, by: 'bench', expect: letters })
  replayer.wake()
  await done.promise
  const seconds = (performance.now() - startedAt) / 1000
  await replayer.stop()
  await check(store, letters)
  return { planned, replayed: letters / seconds }
}

async function replayTheLeast({ store, broker, brokers, letters }: Bed): Promise<number> {
  await reopen(store)
  const plan = await planAll(store, broker)
  const producer = new Producer({ clientId: 'limit', bootstrapBrokers: [brokers], retries: 0 })
  await producer.metadata({ topics: [lane] })
  const lettersPerSecond = await limitOf({ store, producer, topic: lane, plan, letters, batch })
  await producer.close()
  await check(store, letters)
  return lettersPerSecond
}

function planAll(store: Store, broker: Broker): Promise<string> {
  return createPlan(store, new Map([['kafka', broker]]), {
    selection: { query: 'queue:orders' },
    destination: 'lane',
    control: noControl,
    by: 'bench',
    reason: null,
    nowMs: Date.now(),
  })
}

async function check(store: Store, letters: number): Promise<void> {
  const { rows } = await store.pool.query<{ sent: number }>('select coalesce(sum(sent), 0)::int as sent from intent')
  if (rows[0]?.sent !== letters) throw new Error(`${String(rows[0]?.sent)} of ${letters} letters were sent`)
  const { unaccounted } = await checkLedger(store)
  if (unaccounted !== 0) throw new Error(`${unaccounted} letters are unaccounted`)
}

/** Makes what was replayed open again, in the books as well, as if it had just come in. */
async function reopen(store: Store): Promise<void> {
  await store.transaction(async (client) => {
    await client.query('truncate evidence, intent, automatic_run, run, plan_letter, plan_place, plan')
    const moved = await client.query<{ queue_id: number; letters: number }>(
      `with moved as (update letter set state = 'open', revision = revision + 1 where state = 'replayed' returning queue_id)
       select queue_id, count(*)::int as letters from moved group by queue_id`,
    )
    for (const { queue_id: queueId, letters } of moved.rows) {
      await recordTransfer(client, { queueId, from: 'replayed', to: 'open', letters, what: 'bench' })
    }
  })
  await store.pool.query('vacuum (analyze) letter')
  await store.pool.query('checkpoint')
}

/** The same bytes, read before the clock runs. */
async function produce({ store, brokers, letters }: Bed): Promise<number> {
  const { rows } = await store.pool.query<{ key: Buffer; body: Buffer }>(
    'select key, body from letter_content order by id',
  )
  const header = Buffer.alloc(400, 'x')
  const messages = rows.map(({ key, body }, n) => ({
    topic: lane,
    partition: n % 6,
    key,
    value: body,
    headers: new Map([
      [Buffer.from('content-type'), Buffer.from('application/json')],
      [Buffer.from('redrive'), header],
    ]),
  }))
  const producer = new Producer({ clientId: 'bare', bootstrapBrokers: [brokers], retries: 0 })
  const send = (from: number) =>
    producer.send({
      messages: messages.slice(from, from + batch),
      acks: -1,
      idempotent: false,
      autocreateTopics: false,
    })
  await send(0)
  const startedAt = performance.now()
  for (let from = 0; from < letters; from += batch) await send(from)
  const seconds = (performance.now() - startedAt) / 1000
  await producer.close()
  return letters / seconds
}
