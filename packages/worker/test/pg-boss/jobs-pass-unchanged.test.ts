import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyOf, messageOf, receive, take, until } from '../steps.ts'
import { proxied, sql, wire } from './server.ts'

test('a job of another producer goes through a lane and back to its queue as it was', async () => {
  const { broker, boss } = await wire()
  await broker.prepare([
    { place: 'orders', role: 'source' },
    { place: 'orders-lane', role: 'lane' },
  ])
  const data = { orderId: 'o-77', amount: 60.5, note: 'grüße', nested: { list: [1, null] } }
  const id = await boss.send('orders', data, { priority: 7, singletonKey: 'c-1' })
  const subscription = await receive(broker, 'orders')
  const [delivery] = await take(subscription, 1)
  assert.ok(delivery !== undefined)
  assert.equal(delivery.nativeId, id)
  assert.deepEqual(JSON.parse(bodyOf(delivery)), data)
  assert.deepEqual(
    [delivery.message.properties?.['priority'], delivery.message.properties?.['singletonKey']],
    [7, 'c-1'],
  )
  const headers = [{ name: 'redrive', value: Buffer.from('{}') }]
  await broker.send('orders-lane', [{ message: { ...delivery.message, headers } }])
  await subscription.settle([delivery], { kind: 'ack' })
  const lane = await receive(broker, 'orders-lane')
  const [again] = await take(lane, 1)
  assert.deepEqual(again?.message, { ...delivery.message, headers })
  await broker.send('orders', [{ message: { ...again.message, headers: [] } }])
  const [bare] = await boss.fetch('orders')
  assert.deepEqual(bare?.data, data)
})

test('no bytes anywhere are refused by the database, nor one job for another', async () => {
  const { broker } = await wire()
  await broker.prepare([{ place: 'hostile', role: 'lane' }])
  const nasty = Buffer.from('\u0000\ud7ff\uffff"\\u0000')
  const messages = [
    messageOf('plain'),
    { key: nasty, body: nasty, headers: [{ name: 'a\u0000b', value: nasty }], properties: { 'p\u0000': '\ud800' } },
    { key: null, body: Buffer.from('{"a":"\\u0000"}'), headers: [], properties: { createdOn: 'x' } },
  ]
  const results = await broker.send(
    'hostile',
    messages.map((message) => ({ message })),
  )
  assert.deepEqual(
    results.map(({ kind }) => kind),
    ['sent', 'sent', 'sent'],
  )
  const taken = await take(await receive(broker, 'hostile'), 3)
  const byId = new Map(taken.map((delivery) => [delivery.nativeId, delivery.message]))
  for (const [at, result] of results.entries()) {
    const back = byId.get(result.kind === 'sent' ? (result.nativeId ?? '') : '')
    assert.deepEqual(
      [back?.key, back?.body, back?.headers],
      [messages[at]?.key, messages[at]?.body, messages[at]?.headers],
    )
  }
})

test('names that pg-boss does not take are mapped', async () => {
  const { broker } = await wire()
  const place = 'orders:retries §1'
  await broker.prepare([{ place, role: 'lane' }])
  assert.equal((await broker.send(place, [{ message: messageOf('x') }]))[0]?.kind, 'sent')
  assert.equal((await broker.depth(place)).messages, 1)
})

test('a schema that is not the instance’s is told at once', async () => {
  const { broker } = await wire({ schema: 'elsewhere' })
  await broker.prepare([{ place: 'somewhere', role: 'lane' }])
  await assert.rejects(receive(broker, 'somewhere'), { code: 'CLIENT_UNSUPPORTED' })
})

test('a send that is cut is uncertain, without a connection it is not sent', async () => {
  const { proxy, url } = await proxied()
  const { broker } = await wire({}, url)
  await broker.prepare([{ place: 'cut', role: 'lane' }])
  const missing = await broker.send('no-such', [{ message: messageOf('x') }])
  assert.ok(missing[0]?.kind === 'not-sent' && missing[0].retryable)
  const sent = async (): Promise<boolean> =>
    (await broker.send('cut', [{ message: messageOf('filler') }]))[0]?.kind === 'sent'
  for (const [mode, arrives] of [
    ['mute', 1],
    ['deaf', 0],
  ] as const) {
    await until('connected', sent)
    proxy.mode = mode
    const passed = mode === 'mute' ? proxy.answered(1) : proxy.sent(1)
    const sending = broker.send('cut', [{ message: messageOf(mode) }])
    await passed
    proxy.cut()
    assert.equal((await sending)[0]?.kind, 'uncertain')
    proxy.mode = 'open'
    const rows = await sql(`select 1 from pgboss.job where name = 'cut' and data->>'body' = $1`, [mode])
    assert.equal(rows.length, arrives, mode)
  }
  await proxy.close()
  await until('the way is known to be gone', async () => {
    const [refused] = await broker.send('cut', [{ message: messageOf('refused') }])
    return refused?.kind === 'not-sent' && refused.retryable
  })
})
