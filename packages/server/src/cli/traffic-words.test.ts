import assert from 'node:assert/strict'
import { test } from 'node:test'
import { percent, shareOf, trafficLines } from './traffic-words.ts'

const nowMs = Date.parse('2026-11-29T12:00:00Z')
const span = { handled: 98_797, died: 1_203, deathShare: 0.01203 }
const at = '2026-11-29T11:59:40.000Z'

test('what workers say is one line for each span, and who says it', () => {
  const consumers = ['a', 'b', 'c', 'd', 'e', 'f'].map((consumer) => ({ consumer, lastReportAt: at }))
  assert.deepEqual(trafficLines({ lastReportAt: at, hour: span, day: span, consumers }, nowMs), [
    'last hour: 98,797 handled, 1,203 died: 1.2 %',
    'last day: 98,797 handled, 1,203 died: 1.2 %',
    'as reported by a 20 s ago, b 20 s ago, c 20 s ago, d 20 s ago, e 20 s ago and 1 more',
  ])
})

test('silence is no good news, and idleness is no silence', () => {
  const nothing = { lastReportAt: null, hour: null, day: null, consumers: [] }
  assert.deepEqual(trafficLines(nothing, nowMs), [
    'no worker reports its traffic, so that which share dies is not known',
  ])
  const stopped = { ...nothing, lastReportAt: '2026-11-29T09:00:00.000Z', day: span }
  assert.deepEqual(trafficLines(stopped, nowMs), [
    'no worker has reported its traffic for 3 h, so that which share dies is not known',
    'last day: 98,797 handled, 1,203 died: 1.2 %',
  ])
  const idle = { handled: 0, died: 0, deathShare: null }
  assert.deepEqual(
    trafficLines({ lastReportAt: at, hour: idle, day: null, consumers: [] }, nowMs)[0],
    'last hour: nothing was handled, nothing died',
  )
  assert.deepEqual([shareOf(null), shareOf(idle), shareOf(span)], [null, 'no traffic', '1.2 %'])
})

test('few are not called none, nor nearly all called all', () => {
  assert.deepEqual([0, 0.0004, 0.999, 1].map(percent), ['0 %', '< 0.1 %', '99.9 %', '100 %'])
})
