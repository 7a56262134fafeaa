import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeClock } from '../../testing/fake-clock.ts'
import { memoryBroker } from './index.ts'

test('what nobody took is removed after its time, and what is in hand is not', async () => {
  const clock = fakeClock()
  const broker = memoryBroker({ clock, keepMs: 1_000 })
  await broker.prepare([{ place: 'dead', role: 'dead-letter' }])
  const send = (body: string) => broker.send('dead', [{ message: { key: null, body: Buffer.from(body), headers: [] } }])
  const sentMs = clock.now()
  await send('taken')
  const subscription = await broker.receive('dead', { consumer: 'x', maxInFlight: { messages: 9, bytes: 9_999 } })
  const taken = await subscription.next({ maxMessages: 1, waitMs: 0 })
  await send('left')
  await clock.advance(400)
  await send('young')
  const before = await broker.expiry?.('dead', { consumer: 'x' })
  assert.deepEqual([before?.waiting, before?.oldestEndsAtMs], [3, sentMs + 1_000])
  await clock.advance(600)
  assert.deepEqual(await broker.depth('dead'), { messages: 1 })
  const rest = await subscription.next({ maxMessages: 9, waitMs: 0 })
  assert.deepEqual(
    rest.map(({ message }) => Buffer.from(message.body ?? []).toString()),
    ['young'],
  )
  await subscription.settle(taken, { kind: 'release', delayMs: 0 })
  await broker.close()
})
