import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import * as platformatic from '@platformatic/kafka'
import { type Broker, decodeWire } from '@redrive/worker'
import { kafkaBroker } from '@redrive/worker/kafka'
import { type Cut, produceKey, startProxy } from '../../../../tools/testing/kafka-proxy.ts'
import { kafkaUnderTest } from '../../../../tools/testing/kafka-under-test.ts'
import { type OfficeBed, officeBed, uuidOf } from '../office-bed.ts'

/** An office whose letters go to a topic of their own on the real Kafka. */
async function kafkaBed(t: TestContext) {
  const bed = await officeBed(t)
  const queue = `orders-${randomUUID().slice(0, 8)}`
  const lane = `${queue}-retries-reefer`
  const broker = brokerAt(kafkaUnderTest())
  t.after(() => broker.close())
  await broker.prepare([{ place: lane, role: 'lane' }])
  return { bed, queue, lane, broker }
}

function brokerAt(address: string): Broker {
  return kafkaBroker({ client: platformatic, connection: { clientId: 'office', bootstrapBrokers: [address] } })
}

/** How often each letter of ours lies in the topic, by the body that names it. */
async function copiesIn(broker: Broker, lane: string): Promise<ReadonlyMap<string, number>> {
  const total = (await broker.depth(lane)).messages
  const subscription = await broker.receive(lane, {
    consumer: `count-${randomUUID()}`,
    maxInFlight: { messages: 10_000, bytes: 64 * 1024 * 1024 },
  })
  const copies = new Map<string, number>()
  try {
    for (let seen = 0; seen < total; ) {
      for (const { message } of await subscription.next({ maxMessages: 1_000, waitMs: 1_000 })) {
        assert.ok(decodeWire(message.headers)?.wire.replayId)
        const body = Buffer.from(message.body ?? []).toString()
        copies.set(body, (copies.get(body) ?? 0) + 1)
        seen++
      }
    }
  } finally {
    await subscription.close()
  }
  return copies
}

async function until<T>(what: string, ask: () => Promise<T | undefined>, deadlineMs = 90_000): Promise<T> {
  const endMs = Date.now() + deadlineMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    assert.ok(Date.now() < endMs, `not within ${deadlineMs} ms: ${what}`)
    await delay(50)
  }
}

const nothingDoubted = (bed: OfficeBed) => async (): Promise<true | undefined> => {
  const states = await bed.states()
  return (states['uncertain'] ?? 0) + (states['replaying'] ?? 0) === 0 ? true : undefined
}

const letters = (queue: string, count: number) =>
  Array.from({ length: count }, (_, n) => ({ queue, body: `letter ${n}` }))

function childOf(t: TestContext, bed: OfficeBed, how: 'free' | 'stepwise'): ChildProcess {
  const file = fileURLToPath(new URL('replaying-child.ts', import.meta.url))
  const url = String((bed.store.pool as unknown as { options: { connectionString: string } }).options.connectionString)
  const child = spawn(process.execPath, ['--conditions=@redrive/source', file, url, kafkaUnderTest(), how], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  return child
}

/** Resolves at the n-th time that it says it is about to send. */
function sending(child: ChildProcess, times: number): Promise<void> {
  let said = 0
  return new Promise((resolve) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text.split('sending\n').length - 1
      if (said >= times) resolve()
    })
  })
}

test('a killed process: another goes on within 30 s, every uncertain letter is resolved, none is sent twice', async (t) => {
  const { bed, queue, lane, broker } = await kafkaBed(t)
  const count = 3_000
  for (let n = 0; n < count; n += 500) await bed.captured(...letters(queue, count).slice(n, n + 500))
  const { id } = await bed.run(await bed.plan({ query: `queue:${queue}` }, { control: { pace: 4_000 } }))
  const child = childOf(t, bed, 'free')
  await sending(child, 2)
  child.kill('SIGKILL')
  const killedAtMs = Date.now()
  bed.replayer({ brokers: new Map([['memory', broker]]), pollMs: 500, quietSeconds: 1 })
  await until('taken over', async () => {
    const { rows } = await bed.store.pool.query('select lease_token::int as token from run')
    return rows[0].token >= 2 ? true : undefined
  })
  const unownedMs = Date.now() - killedAtMs
  t.diagnostic(`nobody had the run for ${unownedMs} ms`)
  assert.ok(unownedMs <= 30_000, `nobody had the run for ${unownedMs} ms`)
  await until('nothing is uncertain', nothingDoubted(bed))
  const run = await bed.runOf(id)
  t.diagnostic(`sends ${JSON.stringify(run.sends)}`)
  assert.equal(run.sends.uncertain, 0)

  // What had not arrived is replayed by a second run.
  if (run.sends.notSent > 0) await bed.replayed({ query: `queue:${queue}` })
  const copies = await copiesIn(broker, lane)
  assert.equal(copies.size, count, 'every letter arrived')
  assert.deepEqual(
    [...copies].filter(([, times]) => times > 1),
    [],
    'none arrived twice',
  )
  await bed.balanced()
})

test('a process that is frozen beyond its lease in the middle of a send: none is sent twice when it wakes up', async (t) => {
  const { bed, queue, lane, broker } = await kafkaBed(t)
  await bed.captured(...letters(queue, 20))
  const { id } = await bed.run(await bed.plan({ query: `queue:${queue}` }, { control: { pace: 4_000 } }))
  const child = childOf(t, bed, 'stepwise')
  await sending(child, 1)
  child.kill('SIGSTOP')
  bed.replayer({ brokers: new Map([['memory', broker]]), pollMs: 100, quietSeconds: 1 })
  await until('taken over', async () => ((await bed.states())['uncertain'] === 20 ? true : undefined))
  // Looked for more than once by now, and long after the quiet time.
  await until('looked for', async () => {
    const { rows } = await bed.store.pool.query('select looks from intent')
    return rows[0].looks >= 3 ? true : undefined
  })
  assert.deepEqual(await bed.states(), { uncertain: 20 }, 'it may still send, so nothing counts as not sent')
  child.kill('SIGCONT')
  child.stdin?.write('go\n')
  await until('nothing is uncertain', nothingDoubted(bed))
  assert.deepEqual((await bed.runOf(id)).sends, { intended: 0, sent: 20, notSent: 0, uncertain: 0 })
  const copies = await copiesIn(broker, lane)
  assert.deepEqual([copies.size, [...copies.values()].every((times) => times === 1)], [20, true])
  await bed.balanced()
})

for (const [what, arrived] of [
  ['request', false],
  ['half', false],
  ['answer', true],
] as const satisfies readonly (readonly [Cut, boolean])[]) {
  test(`a connection cut at the ${what} of a send: its letters are ${arrived ? 'replayed' : 'open again'}`, async (t) => {
    const { bed, queue, lane, broker } = await kafkaBed(t)
    const proxy = await startProxy(kafkaUnderTest())
    const cut = brokerAt(`127.0.0.1:${proxy.port}`)
    t.after(async () => {
      await cut.close()
      await proxy.close()
    })
    await bed.captured(...letters(queue, 10))
    const wasCut = proxy.cutNext(produceKey, what)
    const replayer = bed.replayer({ brokers: new Map([['memory', cut]]), quietSeconds: 1 })
    const { id } = await bed.replayed({ query: `queue:${queue}` }, { control: { pace: 4_000 } })
    await wasCut
    await until('nothing is uncertain', nothingDoubted(bed))
    await replayer.stop()
    const { sends } = await bed.runOf(id)
    assert.equal(sends.uncertain, 0)
    assert.equal(arrived ? sends.sent : sends.notSent, 10)
    assert.equal((await broker.depth(lane)).messages, arrived ? 10 : 0, 'the topic agrees')
    assert.deepEqual(await bed.states(), { [arrived ? 'replayed' : 'open']: 10 })
    const { rows } = await bed.store.pool.query(
      `select count(*)::int as n from audit where action = 'run.resolve-uncertain'`,
    )
    assert.ok(rows[0].n >= 1, 'it was uncertain, and was resolved by looking')
    await bed.balanced()
  })
}

test('what retention removed since the send leaves it open whether it arrived, for good', async (t) => {
  const { bed, queue, lane, broker } = await kafkaBed(t)
  const admin = new platformatic.Admin({ clientId: 'test', bootstrapBrokers: [kafkaUnderTest()] })
  t.after(() => admin.close())
  await bed.captured(...letters(queue, 3))
  const { id } = await bed.run(await bed.plan({ query: `queue:${queue}` }, { control: { pace: 4_000 } }))
  const child = childOf(t, bed, 'stepwise')
  await sending(child, 1)
  child.stdin?.write('go\n')
  await until('sent', async () => ((await broker.depth(lane)).messages === 3 ? true : undefined))
  child.kill('SIGKILL')
  // As if its results had been lost with it.
  await bed.store.pool.query(
    `update intent set noted_at = null, results = null, sent = 0, partitions = null, positions = null, closed_at = null`,
  )
  await bed.store.pool.query(`update letter set state = 'replaying'`)
  await bed.store.pool.query(
    `update run set state = 'running', finished_at = null, lease_until = now() where id = $1`,
    [uuidOf(id)],
  )
  const partitions = await broker.ends?.(lane)
  assert.ok(partitions)
  await admin.deleteRecords({
    topics: [
      {
        name: lane,
        partitions: Object.entries(partitions.positions).map(([partition, offset]) => ({
          partition: Number(partition),
          offset: BigInt(offset),
        })),
      },
    ],
  })
  bed.replayer({ brokers: new Map([['memory', broker]]), pollMs: 100, quietSeconds: 0 })
  const why = await until('looked for', async () => {
    const { rows } = await bed.store.pool.query('select looked, look_at from intent where looked is not null')
    return rows[0]?.look_at === null ? (rows[0].looked as string) : undefined
  })
  assert.match(why, /already dropped messages/)
  assert.deepEqual(await bed.states(), { uncertain: 3 })
})
