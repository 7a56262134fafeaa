import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Expiry } from '@redrive/worker'
import fc from 'fast-check'
import { isEndUnknown, judgeExpiry, judgeKeeping, spanText } from './judge-expiry.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const nowMs = 1_800_000_000_000

const keeps = { ageMs: null, messages: null, bytes: null, unusedMs: null, isCompacted: false, longer: 'x' } as const
const source = ({ emptyAtMs = null, ...more }: Partial<Expiry> & { readonly emptyAtMs?: number | null }) => ({
  broker: 'kafka',
  place: 'dead',
  askedAtMs: nowMs,
  why: null,
  emptyAtMs,
  expiry: { waiting: 1, oldestEndsAtMs: null, gone: 0, keeps, ...more },
})
const aged = (ageMs: number, leftMs: number, more: Partial<Expiry> = {}) =>
  source({ oldestEndsAtMs: nowMs + leftMs, keeps: { ...keeps, ageMs }, ...more })
const urgency = (of: ReturnType<typeof source>) => judgeExpiry(of, nowMs)?.urgency

test('half of the time is a ticket, less than six hours a page', () => {
  assert.equal(urgency(aged(7 * dayMs, 3.5 * dayMs + 1)), undefined)
  assert.equal(urgency(aged(7 * dayMs, 3.5 * dayMs)), 'ticket')
  assert.equal(urgency(aged(7 * dayMs, 6 * hourMs)), 'ticket')
  assert.equal(urgency(aged(7 * dayMs, 6 * hourMs - 1)), 'page')
  assert.equal(urgency(aged(7 * dayMs, -1)), 'page')
  // Ten minutes, of which six are gone.
  assert.equal(urgency(aged(10 * minuteMs, 4 * minuteMs)), 'page')
})

test('less than a day is a ticket, but a moment of lag at a place that keeps no more is none', () => {
  assert.equal(urgency(aged(40 * hourMs, 24 * hourMs)), undefined)
  assert.equal(urgency(aged(40 * hourMs, 24 * hourMs - 1)), 'ticket')
  assert.equal(urgency(aged(20 * hourMs, 20 * hourMs - minuteMs)), undefined)
  assert.equal(urgency(aged(20 * hourMs, 18 * hourMs)), 'ticket')
})

test('where nothing waits nothing is said, whatever else is known', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 * dayMs }),
      fc.integer({ min: -dayMs, max: 30 * dayMs }),
      (ageMs, leftMs) => {
        assert.equal(judgeExpiry(aged(ageMs, leftMs, { waiting: 0 }), nowMs), null)
      },
    ),
  )
})

test('as time passes it is only ever said more urgently', () => {
  const grave = { undefined: 0, ticket: 1, page: 2 } as const
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 * dayMs }),
      fc.nat(30 * dayMs),
      fc.nat(10 * dayMs),
      (ageMs, leftMs, laterMs) => {
        const at = (ms: number) => grave[`${judgeExpiry(aged(ageMs, Math.min(leftMs, ageMs)), nowMs + ms)?.urgency}`]
        assert.ok(at(laterMs) >= at(0))
      },
    ),
  )
})

test('an age that is not told is counted from when nothing waited last', () => {
  const ttl = { waiting: 3, oldestEndsAtMs: 'unknown', keeps: { ...keeps, ageMs: 4 * dayMs } } as const
  assert.equal(judgeExpiry(source({ ...ttl, emptyAtMs: nowMs - 3 * dayMs }), nowMs)?.leftMs, dayMs)
  assert.equal(judgeExpiry(source({ ...ttl, emptyAtMs: nowMs - hourMs }), nowMs), null)
  assert.deepEqual([urgency(source(ttl)), isEndUnknown(source(ttl))], [undefined, true])
  assert.equal(isEndUnknown(source({ ...ttl, emptyAtMs: nowMs })), false)
})

test('a place that drops the oldest is told of half full, and urgently when it is nearly so', () => {
  const capped = (waiting: number) => source({ waiting, keeps: { ...keeps, messages: 1_000 } })
  assert.deepEqual(
    [499, 500, 899, 900].map((waiting) => urgency(capped(waiting))),
    [undefined, 'ticket', 'ticket', 'page'],
  )
  assert.equal(judgeExpiry(capped(0), nowMs), null)
})

test('what is gone is urgent though nothing waits, and what was not told is not judged', () => {
  assert.deepEqual(judgeExpiry(source({ waiting: 0, gone: 7 }), nowMs), {
    urgency: 'page',
    waiting: 0,
    leftMs: null,
    fullness: null,
    gone: 7,
  })
  assert.equal(judgeExpiry({ ...source({}), expiry: null }, nowMs), null)
})

test('each way to keep too briefly is said, and three days are enough', () => {
  assert.deepEqual(judgeKeeping({ ...keeps, ageMs: 3 * dayMs, unusedMs: 3 * dayMs }), [])
  assert.deepEqual(
    judgeKeeping({
      ...keeps,
      ageMs: 3 * dayMs - 1,
      messages: 5_000,
      bytes: 2_000,
      unusedMs: hourMs,
      isCompacted: true,
    }),
    [
      'keeps letters for 2 days',
      'is removed with all letters when nobody reads it for 1 h',
      'drops the oldest above 5,000 letters',
      'drops the oldest above 2,000 bytes',
      'keeps only the last letter of each key, for it is compacted',
    ],
  )
  assert.deepEqual([2 * dayMs, 2 * dayMs - 1, 90 * minuteMs, 90_000, 5].map(spanText), [
    '2 days',
    '47 h',
    '1 h',
    '1 min',
    'a minute',
  ])
})
