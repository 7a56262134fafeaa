import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { encodeTrafficReport, type Header, type MessageSample, type TrafficReport } from '@redrive/worker'
import { listCauses } from '../src/causes/index.ts'
import { type Common, inCommon } from '../src/in-common/index.ts'
import { endOldTraffic } from '../src/traffic/index.ts'
import { commandLine } from './command-line.ts'
import { type DeadLetter, type OfficeBed, officeBed, until } from './office-bed.ts'

const header = (name: string, value: string): Header => ({ name, value: Buffer.from(value) })
const times = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n))

async function told(
  bed: OfficeBed,
  {
    release = '2.40.0',
    host = 'billing-1',
    ...of
  }: { readonly release?: string; readonly host?: string } & Partial<TrafficReport>,
): Promise<void> {
  const report: TrafficReport = {
    id: randomUUID(),
    ...{ queue: 'orders', consumer: 'reefer', fromMs: Date.now() - 60_000, toMs: Date.now() },
    ...{ handled: 100, retried: 0, discarded: 0, skipped: 0, died: {}, samples: [] },
    worker: { service: 'reefer', release, host },
    ...of,
  }
  await bed.broker.send('redrive-receipts', [
    { message: { key: null, body: Buffer.from(encodeTrafficReport(report)), headers: [] } },
  ])
  await until('it is read', async () =>
    (await bed.store.pool.query('select from traffic_report where id = $1', [report.id])).rowCount === 1
      ? true
      : undefined,
  )
}

const sample = (of: Partial<MessageSample> = {}): MessageSample => ({ partition: '0', headers: [], body: null, ...of })

const died = (count: number, of: (n: number) => DeadLetter): DeadLetter[] =>
  times(count, (n) => ({
    release: '2.41.0',
    host: 'billing-1',
    errorClass: 'TaxRateMissing',
    error: 'no rate',
    stack: null,
    ...of(n),
  }))

const line = ({ facet, what, value }: Pick<Common, 'facet' | 'what' | 'value'>): string =>
  `${facet} ${what}${value === null ? '' : ` ${value}`}`

/** What is found of the only cause, each with what the same letters have. */
async function found(bed: OfficeBed): Promise<readonly string[]> {
  const answer = await commonOf(bed)
  return answer.common.flatMap((each) => [line(each), ...each.also.map(line)])
}

async function commonOf(bed: OfficeBed) {
  const [cause] = (await listCauses(bed.store)).causes
  return inCommon(bed.store, { of: { cause: cause?.id ?? '' }, against: 'healthy', nowMs: Date.now() })
}

test('where all of a queue died of one cause, what went well still tells the release and the tenant', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(
    ...died(30, (n) => ({ headers: [header('tenant', n < 24 ? 'acme' : 'globex'), header('id', `i-${n}`)] })),
  )
  const samples = times(40, (n) =>
    sample({ headers: [['tenant', ['acme', 'globex', 'initech', 'umbrella'][n % 4] ?? ''], ['id'], ['coupon']] }),
  )
  await told(bed, { handled: 360, samples: samples.slice(0, 36) })
  await told(bed, { release: '2.41.0', handled: 40, samples: samples.slice(36) })
  const answer = await commonOf(bed)
  assert.deepEqual([answer.verdict, answer.against, answer.leftOut], ['found', 'healthy', ['consumer']])
  assert.deepEqual([answer.set.looked, answer.others.looked, answer.others.letters], [30, 40, 40])
  assert.deepEqual(await found(bed), ['header:coupon missing', 'release is 2.41.0', 'header:tenant is acme'])
  const release = answer.common.find(({ facet }) => facet === 'release')
  assert.deepEqual(
    [release?.inSet, release?.others],
    [
      { with: 30, of: 30 },
      { with: 4, of: 40 },
    ],
  )
})

test('what only letters can say is not compared', async (t) => {
  const bed = await officeBed(t)
  const body = JSON.stringify({ region: 'CH-ZH' })
  await bed.captured(
    ...died(20, () => ({
      release: '1',
      key: 'k',
      body,
      attempts: 5,
      headers: [header('tenant', 'acme'), header('empty', '')],
    })),
  )
  // The tenant is there, and the body too, but nobody tells what they are.
  await told(bed, { release: '1', samples: times(20, () => sample({ headers: [['tenant'], ['empty']] })) })
  const answer = await commonOf(bed)
  assert.deepEqual([answer.verdict, answer.others.bodies], ['nothing', 0])
})

test('a value that some workers tell and others do not is not compared', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...died(20, () => ({ release: '1', headers: [header('tenant', 'acme')] })))
  await told(bed, { release: '1', samples: times(10, () => sample({ headers: [['tenant', 'globex']] })) })
  assert.deepEqual(await found(bed), ['header:tenant is acme'])
  await told(bed, { release: '1', samples: times(10, () => sample({ headers: [['tenant']] })) })
  assert.deepEqual(await found(bed), [])
})

test('bodies are compared where workers tell them, up to the size that they tell', async (t) => {
  const bed = await officeBed(t)
  const body = (region: string, more = '') => JSON.stringify({ region, more })
  await bed.captured(
    ...died(20, (n) => ({ release: '1', body: n < 15 ? body('CH-ZH') : body('CH-ZH', 'x'.repeat(5_000)) })),
  )
  await told(bed, { release: '1', samples: times(20, (n) => sample({ body: n < 12 ? body('DE') : null })) })
  const answer = await commonOf(bed)
  assert.deepEqual([answer.set.bodies, answer.others.bodies], [15, 12])
  assert.deepEqual(answer.common.map(line), ['body:/region is "CH-ZH"'])
})

test('a worker that handles more stands for more, though it tells as many', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...died(20, () => ({ release: '1', host: 'busy' })))
  const samples = times(40, () => sample())
  await told(bed, { release: '1', host: 'busy', handled: 40_000, samples })
  for (const host of ['idle-1', 'idle-2', 'idle-3']) await told(bed, { release: '1', host, handled: 400, samples })
  const answer = await commonOf(bed)
  assert.deepEqual([answer.verdict, answer.others.letters], ['nothing', 160])
  assert.ok(answer.others.looked >= 40 && answer.others.looked <= 44, String(answer.others.looked))
})

test('messages of other consumers, queues and times are not compared', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...died(10, () => ({})))
  const samples = times(20, () => sample())
  await told(bed, { consumer: 'other', samples })
  await told(bed, { queue: 'bills', samples })
  await told(bed, { fromMs: Date.now() - 3 * 86_400_000, toMs: Date.now() - 3 * 86_400_000, samples })
  const answer = await commonOf(bed)
  assert.deepEqual([answer.verdict, answer.others.looked, answer.common], ['no-others', 0, []])
})

test('a worker tells by itself of what it handled, and nothing that was not chosen', async (t) => {
  const bed = await officeBed(t)
  const worker = await bed.worker({ handle: () => undefined, release: '2.40.0', host: 'billing-1' })
  const headers = [header('secret', 'hunter2')]
  await bed.produce(...times(8, () => ({ key: Buffer.from('hunter2'), body: Buffer.from('hunter2'), headers })))
  await until('handled', () => (worker.health().counters.handled === 8 ? true : undefined))
  await worker.stop()
  const rows = await until('told', async () => {
    const { rows: all } = await bed.store.pool.query<{ content: string }>('select content from traffic_sample')
    return all.length === 8 ? all : undefined
  })
  assert.ok(!JSON.stringify(rows).includes('hunter2'))
  await bed.captured(...died(10, () => ({ headers })))
  assert.deepEqual(await found(bed), ['release is 2.41.0'])
})

test('the newest of a queue are kept, and none beyond eight weeks', async (t) => {
  const bed = await officeBed(t)
  await told(bed, { samples: [sample({ partition: 'new' })] })
  await bed.store.pool.query(
    `insert into traffic_sample (queue_id, consumer, at, stands_for, content)
     select 1, 'reefer', now() - n * interval '1 minute', 1, '{}' from generate_series(1, 10050) n
     union all select 1, 'reefer', now() - interval '57 days', 1, 'old'`,
  )
  await endOldTraffic(bed.store)
  const { rows } = await bed.store.pool.query(
    `select count(*)::int as kept, count(*) filter (where content like '%new%')::int as new, count(*) filter (where content = 'old')::int as old from traffic_sample`,
  )
  assert.deepEqual(rows, [{ kept: 10_000, new: 1, old: 0 }])
})

test('hostile samples are text, in the store and on the screen', async (t) => {
  const bed = await officeBed(t)
  const name = '\u0000\u001b[31m"\\\ud800'
  await bed.captured(...died(10, () => ({})))
  await told(bed, {
    samples: times(10, () => sample({ headers: [[name, name]], body: null })),
    worker: { service: name, release: name, host: name },
  })
  const { server, token } = await bed.http()
  const redrive = commandLine({ url: server.url, token })
  const [cause] = (await listCauses(bed.store)).causes
  const ended = await redrive('cause', 'common', cause?.id ?? '', '--against', 'healthy')
  assert.equal(ended.code, 0)
  assert.ok(!ended.out.includes('\u001b[31m') && !ended.out.includes('\u0000'))
  assert.match(ended.out, /HANDLED/)
  assert.match(ended.out, /release\t= 2\.41\.0\t100 % \(10 of 10\)\t0 % \(0 of 10\)/)
  assert.match(ended.err, /with 10 messages of the queue orders that were handled/)
})
