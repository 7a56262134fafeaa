import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { bodyOf, messageOf, receive, take } from '../steps.ts'
import { databaseUrl, sql, wire } from './server.ts'

await sql('create table booked (what text primary key)')

/** A transaction of somebody's own in the database of the jobs, who has written something in it. */
async function begun(t: TestContext, what: string): Promise<pg.Client> {
  const client = new pg.Client(databaseUrl)
  await client.connect()
  t.after(() => client.end())
  await client.query('begin')
  await client.query('insert into booked values ($1)', [what])
  return client
}

const jobsOf = async (place: string): Promise<number> =>
  (await sql('select from pgboss.job where name = $1', [place])).length
const booked = async (what: string): Promise<number> => (await sql('select from booked where what = $1', [what])).length

test('jobs are there when the transaction commits, and not before', async (t) => {
  const { broker } = await wire()
  await broker.prepare([{ place: 'joined', role: 'lane' }])
  const transaction = await begun(t, 'joined')
  const uniqueId = randomUUID()
  const results = await broker.sendWithin?.(transaction, 'joined', [
    { message: messageOf('one'), uniqueId },
    { message: messageOf('two') },
  ])
  assert.deepEqual(
    results?.map(({ kind }) => kind),
    ['sent', 'sent'],
  )
  assert.deepEqual([await jobsOf('joined'), await booked('joined')], [0, 0])
  await transaction.query('commit')
  assert.deepEqual([await jobsOf('joined'), await booked('joined')], [2, 1])
  const taken = await take(await receive(broker, 'joined'), 2)
  assert.deepEqual(taken.map(bodyOf).toSorted(), ['one', 'two'])
  assert.ok(taken.some(({ nativeId }) => nativeId === uniqueId))
})

test('a transaction that is rolled back, or whose connection dies, leaves no job', async (t) => {
  const { broker } = await wire()
  await broker.prepare([{ place: 'undone', role: 'lane' }])
  const undone = await begun(t, 'undone')
  await broker.sendWithin?.(undone, 'undone', [{ message: messageOf('x') }])
  await undone.query('rollback')
  const dead = await begun(t, 'undone')
  dead.on('error', () => undefined)
  await broker.sendWithin?.(dead, 'undone', [{ message: messageOf('y') }])
  const { rows } = await dead.query<{ pid: number }>('select pg_backend_pid() as pid')
  await sql('select pg_terminate_backend($1, 30_000)', [rows[0]?.pid])
  await assert.rejects(dead.query('commit'))
  assert.deepEqual([await jobsOf('undone'), await booked('undone')], [0, 0])
})

test('what can be refused beforehand is a result, and the transaction goes on', async (t) => {
  const { broker } = await wire({ maxMessageBytes: 1_000 })
  await broker.prepare([{ place: 'small', role: 'lane' }])
  const transaction = await begun(t, 'small')
  const large = await broker.sendWithin?.(transaction, 'small', [
    { message: messageOf('x'.repeat(2_000)) },
    { message: messageOf('fits') },
  ])
  assert.deepEqual(
    large?.map((result) => [result.kind, 'retryable' in result && result.retryable]),
    [
      ['not-sent', false],
      ['sent', false],
    ],
  )
  const missing = await broker.sendWithin?.(transaction, 'no-such', [{ message: messageOf('x') }])
  assert.ok(missing?.[0]?.kind === 'not-sent' && missing[0].retryable)
  await transaction.query('commit')
  assert.deepEqual([await jobsOf('small'), await booked('small')], [1, 1])
})

test('what the database says no to is thrown, and the transaction is over', async (t) => {
  const { broker } = await wire()
  await broker.prepare([{ place: 'gone', role: 'lane' }])
  const transaction = await begun(t, 'gone')
  await assert.rejects(async () => transaction.query('select * from nothing'), { code: '42P01' })
  await assert.rejects(async () => broker.sendWithin?.(transaction, 'gone', [{ message: messageOf('x') }]), {
    code: '25P02',
  })
  await transaction.query('commit')
  assert.deepEqual([await jobsOf('gone'), await booked('gone')], [0, 0])
})

test('without a connection of its own, what it has to ask first is not sent for certain', async (t) => {
  const { broker, crash } = await wire()
  await crash()
  const transaction = await begun(t, 'crashed')
  const results = await broker.sendWithin?.(transaction, 'never-asked-for', [{ message: messageOf('x') }])
  assert.equal(results?.[0]?.kind, 'not-sent')
  await broker.close()
  const closed = await broker.sendWithin?.(transaction, 'joined', [{ message: messageOf('x') }])
  assert.ok(closed?.[0]?.kind === 'not-sent' && closed[0].retryable)
  await transaction.query('commit')
  assert.equal(await booked('crashed'), 1)
})
