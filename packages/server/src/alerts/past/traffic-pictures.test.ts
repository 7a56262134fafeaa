import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tiers } from '@redrive/worker'
import type { Past } from './read-past.ts'
import type { PastTraffic } from './read-traffic.ts'
import type { Span } from './span.ts'
import { trafficPictures } from './traffic-pictures.ts'

const none = Object.fromEntries(tiers.map((tier) => [tier, 0])) as PastTraffic['died']
const report = (minute: number, handled: number, timeout = 0, name = 'orders'): PastTraffic => ({
  ...{ queueId: 1, name, owner: null, runbook: null, minute, handled },
  died: { ...none, timeout },
})
const span = (came: number, letters: number, cause = 'a'): Span => ({ cause, queueId: 1, came, ended: null, letters })

function pastOf(traffic: readonly PastTraffic[], spans: readonly Span[] = []): Past {
  return {
    ...{ spans, traffic, trafficFromMs: null, queues: [], hours: [], events: [], causes: new Map() },
    ...{ subjects: new Set(), taken: [] },
  }
}

test('the hour and its last minutes are summed by tier, and what is to come is not known', () => {
  const past = pastOf([report(41, 1), report(96, 10, 2), report(99, 100, 3), report(100, 1_000, 4), report(101, 9)])
  const traffic = trafficPictures(past, 101)
  traffic.pass(100)
  const [orders] = traffic.pictures
  assert.deepEqual(
    [orders?.hour.handled, orders?.hour.died.timeout],
    [1_110, 9],
    'a look at the end of 100 sees from 42 on',
  )
  assert.deepEqual([orders?.recent.handled, orders?.recent.died.timeout], [1_100, 7])
  assert.equal(traffic.lastReportMs('orders'), 100 * 60_000)
  assert.equal(traffic.lastReportMs('payments'), 0)
})

test('an hour after its last report nothing is known of a queue but when that was', () => {
  const traffic = trafficPictures(pastOf([report(100, 5), report(130, 5, 0, 'payments')]), 100)
  traffic.pass(100)
  assert.deepEqual(
    traffic.pictures.map(({ name }) => name),
    ['orders'],
  )
  traffic.pass(159)
  assert.deepEqual(
    traffic.pictures.map(({ name }) => name),
    ['payments'],
  )
  assert.equal(traffic.lastReportMs('orders'), 100 * 60_000)
})

test('letters are counted by cause and minute, of the hour alone', () => {
  const spans = [span(40, 1), span(41, 2), span(100, 3), span(100, 4, 'b'), span(101, 5)]
  const traffic = trafficPictures(pastOf([], spans), 101)
  traffic.pass(100)
  const letters = () => traffic.counted.map((cause) => [cause.causeId, ...cause.letters])
  assert.deepEqual(letters(), [
    ['a', [41, 2], [100, 3]],
    ['b', [100, 4]],
  ])
  traffic.pass(160)
  assert.deepEqual(letters(), [['a', [101, 5]]])
})
