import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyOf, messageOf, receive, take, until } from '../steps.ts'
import { sql, wire } from './server.ts'

const leaseMs = 1_000

test('a job of a dead worker comes back within the bound, one of a live worker never', async () => {
  const doomed = await wire({ leaseMs })
  const living = await wire({ leaseMs })
  const third = await wire({ leaseMs })
  await third.broker.prepare([{ place: 'bound', role: 'lane' }])
  await third.broker.send(
    'bound',
    ['dies', 'lives'].map((body) => ({ message: messageOf(body) })),
  )
  const [dying] = await take(await receive(doomed.broker, 'bound'), 1)
  const livingSubscription = await receive(living.broker, 'bound')
  const [held] = await take(livingSubscription, 1)
  assert.ok(dying !== undefined && held !== undefined)
  assert.deepEqual(
    [dying, held].map(({ redelivered, deliveryCount }) => [redelivered, deliveryCount]),
    [
      [false, 1],
      [false, 1],
    ],
  )
  const watching = await receive(third.broker, 'bound')
  const startMs = Date.now()
  await doomed.crash()
  const [again] = await take(watching, 1)
  const tookMs = Date.now() - startMs
  assert.ok(again !== undefined)
  assert.deepEqual(
    [bodyOf(again), again.redelivered, again.deliveryCount, again.nativeId],
    [bodyOf(dying), true, 2, dying.nativeId],
  )
  assert.ok(tookMs < leaseMs * 1.25 + 1_000, `${tookMs} ms`)
  // Four leases long nobody takes the other one.
  while (Date.now() - startMs < 4 * leaseMs) assert.deepEqual(await watching.next({ maxMessages: 10, waitMs: 100 }), [])
  await livingSubscription.settle([held], { kind: 'ack' })
  await watching.settle([again], { kind: 'ack' })
  const states = await sql(`select state::text, count(*)::int from pgboss.job where name = 'bound' group by 1`)
  assert.deepEqual(states, [{ state: 'completed', count: 2 }])
})

test('a worker that lost its claim changes nothing with a late settlement', async () => {
  const slow = await wire({ leaseMs })
  const quick = await wire({ leaseMs })
  await quick.broker.prepare([{ place: 'fence', role: 'lane' }])
  await quick.broker.send('fence', [{ message: messageOf('x') }])
  const slowSubscription = await receive(slow.broker, 'fence')
  const [late] = await take(slowSubscription, 1)
  await sql(`update pgboss.job set state = 'retry' where name = 'fence'`)
  const quickSubscription = await receive(quick.broker, 'fence')
  const [again] = await take(quickSubscription, 1)
  assert.ok(late !== undefined && again !== undefined)
  await slowSubscription.settle([late], { kind: 'release', delayMs: 0 })
  await slowSubscription.settle([late], { kind: 'ack' })
  assert.deepEqual(await sql(`select state::text, retry_count from pgboss.job where name = 'fence'`), [
    { state: 'active', retry_count: 1 },
  ])
  await quickSubscription.settle([again], { kind: 'ack' })
  assert.deepEqual(await sql(`select state::text from pgboss.job where name = 'fence'`), [{ state: 'completed' }])
})

test('the limits of a queue of the user neither fail a job for good nor take it from a live worker', async () => {
  const user = await wire({ leaseMs })
  await user.boss.createQueue('mine', { retryLimit: 0, expireInSeconds: 1 })
  const id = await user.boss.send('mine', { orderId: 'o-1' })
  const state = async (): Promise<unknown> =>
    (await sql(`select state::text from pgboss.job where name = 'mine'`))[0]?.['state']
  const doomed = await wire({ leaseMs })
  await take(await receive(doomed.broker, 'mine'), 1)
  await doomed.crash()
  await until('pg-boss itself finds that the worker is dead', async () => {
    await user.boss.supervise('mine')
    return (await state()) !== 'active'
  })
  assert.equal(await state(), 'retry', 'not failed for good')
  const subscription = await receive(user.broker, 'mine')
  const [again] = await take(subscription, 1)
  assert.deepEqual([again?.nativeId, again?.redelivered], [id, true])
  const startMs = Date.now()
  await until('held for much longer than expireInSeconds', async () => {
    await user.boss.supervise('mine')
    assert.equal(await state(), 'active')
    return Date.now() - startMs > 4_000
  })
  await subscription.settle(again === undefined ? [] : [again], { kind: 'ack' })
  assert.equal(await state(), 'completed')
})

test('a release is not counted, however often, and may come with a delay', async () => {
  const { broker } = await wire()
  await broker.prepare([{ place: 'release', role: 'source' }])
  await broker.send('release', [{ message: messageOf('x') }])
  const subscription = await receive(broker, 'release')
  for (let n = 0; n < 25; n++) {
    const [delivery] = await take(subscription, 1)
    assert.deepEqual([delivery?.redelivered, delivery?.deliveryCount], [false, 1])
    await subscription.settle(delivery === undefined ? [] : [delivery], {
      kind: 'release',
      delayMs: n === 24 ? 60_000 : 0,
    })
  }
  assert.deepEqual(await subscription.next({ maxMessages: 1, waitMs: 100 }), [])
  assert.equal((await broker.depth('release')).messages, 1)
})
