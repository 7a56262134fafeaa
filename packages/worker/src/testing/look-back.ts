import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Broker, Ends, Outgoing, ReplaysFound } from '../broker.ts'
import { freshWire } from '../wire.ts'
import { encodeWire } from '../wire-codec.ts'
import type { CaseContext, Cases } from './case.ts'
import { messageOf, placeFor, receiveFrom, sendAll, take } from './steps.ts'

export type LookBackCase =
  | 'a broker looks back or does not'
  | 'a replay is found where it was put'
  | 'what was not sent is not found, and surely'
  | 'looking back finds what was handled already'
  | 'looking back takes nothing away'

export const lookBackCases: Cases<LookBackCase> = {
  async 'a broker looks back or does not'({ broker }) {
    assert.equal(broker.ends === undefined, broker.findReplays === undefined, 'both members, or neither')
  },

  async 'a replay is found where it was put'(context) {
    const looking = lookingAt(context)
    if (looking === null) return
    const place = await placeFor(context, 'found')
    await sendAll(context.broker, place, [replayOf(randomUUID()), messageOf('before')])
    const since = storable(await looking.ends(place))
    const ids = Array.from({ length: 20 }, () => randomUUID())
    const results = await sendAll(context.broker, place, [...ids.map(replayOf), messageOf('another')])
    const { found, gap } = await looking.findReplays(place, { since, replayIds: new Set(ids) })
    assert.equal(gap, null)
    assert.equal(found.size, ids.length)
    for (const [n, id] of ids.entries()) {
      const result = results[n]
      assert.ok(found.has(id) && result?.kind === 'sent')
      if (result.position === undefined) continue
      assert.deepEqual(found.get(id), { partition: result.partition, position: result.position })
    }
  },

  async 'what was not sent is not found, and surely'(context) {
    const looking = lookingAt(context)
    if (looking === null) return
    const place = await placeFor(context, 'absent')
    const since = storable(await looking.ends(place))
    const [sent, absent] = [randomUUID(), randomUUID()]
    await sendAll(context.broker, place, [messageOf('x'), replayOf(sent), messageOf('y')])
    const { found, gap } = await looking.findReplays(place, { since, replayIds: new Set([sent, absent]) })
    assert.deepEqual([[...found.keys()], gap], [[sent], null])
    const nothing = await looking.findReplays(place, {
      since: storable(await looking.ends(place)),
      replayIds: new Set([absent]),
    })
    assert.deepEqual([nothing.found.size, nothing.gap], [0, null])
  },

  async 'looking back finds what was handled already'(context) {
    const looking = lookingAt(context)
    if (looking === null) return
    const place = await placeFor(context, 'handled')
    const since = storable(await looking.ends(place))
    const id = randomUUID()
    await sendAll(context.broker, place, [replayOf(id)])
    const subscription = await receiveFrom(context.broker, place)
    await subscription.settle(await take(context, subscription, 1), { kind: 'ack' })
    await subscription.close()
    const { found, gap } = await looking.findReplays(place, { since, replayIds: new Set([id]) })
    assert.deepEqual([found.size, gap], [1, null])
  },

  async 'looking back takes nothing away'(context) {
    const looking = lookingAt(context)
    if (looking === null) return
    const place = await placeFor(context, 'kept')
    const since = storable(await looking.ends(place))
    const ids = Array.from({ length: 5 }, () => randomUUID())
    await sendAll(context.broker, place, ids.map(replayOf))
    await looking.findReplays(place, { since, replayIds: new Set(ids) })
    const subscription = await receiveFrom(context.broker, place)
    const taken = await take(context, subscription, ids.length)
    assert.ok(
      taken.every(({ redelivered }) => !redelivered),
      'to look is not to deliver',
    )
    await subscription.settle(taken, { kind: 'ack' })
    await subscription.close()
  },
}

function lookingAt({ broker }: CaseContext): Required<Pick<Broker, 'ends' | 'findReplays'>> | null {
  const { ends, findReplays } = broker
  if (ends === undefined || findReplays === undefined) return null
  return {
    ends: (place: string): Promise<Ends> => ends.call(broker, place),
    findReplays: (place, search): Promise<ReplaysFound> => findReplays.call(broker, place, search),
  }
}

function replayOf(replayId: string): Outgoing {
  const origin = {
    system: 'conformance',
    place: 'orders',
    consumer: 'reefer',
    partition: null,
    position: null,
    nativeId: null,
    timestampMs: null,
  }
  const wire = freshWire({ id: `letter of ${replayId}`, origin, replayId })
  const message = messageOf('replayed', { headers: encodeWire(wire, null, { headerBytes: 4096, stackBytes: 0 }) })
  return { message, uniqueId: replayId }
}

/** Ends are kept as JSON. */
function storable(ends: Ends): Ends {
  return JSON.parse(JSON.stringify(ends)) as Ends
}
