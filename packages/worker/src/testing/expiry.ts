import assert from 'node:assert/strict'
import type { Cases } from './case.ts'
import { messageOf, placeFor, receiveFrom, sendAll, take, until } from './steps.ts'

export type ExpiryCase = 'what waits has its end, or none' | 'asking for the end takes nothing away'

const reader = { consumer: 'conformance' }
/** Clocks of a broker and of this machine. */
const slackMs = 600_000

export const expiryCases: Cases<ExpiryCase> = {
  async 'what waits has its end, or none'(context) {
    const { broker } = context
    if (broker.expiry === undefined) return
    const place = await placeFor(context, 'ends')
    const empty = await broker.expiry(place, reader)
    assert.deepEqual([empty.waiting, empty.gone, empty.oldestEndsAtMs], [0, 0, null], 'nothing waits, so nothing ends')
    await sendAll(broker, place, [messageOf('a'), messageOf('b'), messageOf('c')])
    const waits = async (): Promise<number> => (await broker.expiry?.(place, reader))?.waiting ?? -1
    await until(context, '3 wait', async () => (await waits()) === 3)
    const { oldestEndsAtMs, keeps, gone } = await broker.expiry(place, reader)
    assert.equal(gone, 0)
    if (keeps.ageMs === null) assert.equal(oldestEndsAtMs, null, 'what no age removes has no end by age')
    else if (oldestEndsAtMs !== 'unknown') {
      assert.ok(oldestEndsAtMs !== null)
      const differMs = Math.abs(oldestEndsAtMs - (Date.now() + keeps.ageMs))
      assert.ok(
        differMs <= slackMs,
        `it was sent just now and is kept ${keeps.ageMs} ms; the end is off by ${differMs} ms`,
      )
    }
    for (const limit of [keeps.ageMs, keeps.messages, keeps.bytes, keeps.unusedMs])
      assert.ok(limit === null || limit >= 0)
    assert.ok(keeps.longer.length > 0)
    const subscription = await receiveFrom(broker, place)
    await subscription.settle(await take(context, subscription, 3), { kind: 'ack' })
    await subscription.close()
    await until(context, 'nothing waits', async () => (await waits()) === 0)
  },

  async 'asking for the end takes nothing away'(context) {
    const { broker } = context
    if (broker.expiry === undefined) return
    const place = await placeFor(context, 'asked')
    const subscription = await receiveFrom(broker, place)
    await sendAll(broker, place, [messageOf('a'), messageOf('b')])
    await broker.expiry(place, reader)
    const taken = await take(context, subscription, 2)
    await broker.expiry(place, reader)
    assert.deepEqual(
      taken.map(({ redelivered }) => redelivered),
      [false, false],
    )
    await subscription.settle(taken, { kind: 'ack' })
    await subscription.close()
    await assert.rejects(broker.expiry(`${context.prefix}-no-such`, reader))
  },
}
