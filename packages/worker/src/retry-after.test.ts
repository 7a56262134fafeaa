import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { retryAfterMs } from './retry-after.ts'

// Dates without a zone must not be read in the machine's own.
process.env['TZ'] = 'America/New_York'

const nowMs = Date.UTC(1994, 10, 6, 8, 49, 0)

test('seconds, from the headers of every usual shape', () => {
  const holders: unknown[] = [
    { response: { headers: new Headers({ 'Retry-After': '120' }) } },
    { headers: { 'retry-after': '120' } },
    { headers: { 'Retry-After': 120 } },
    { headers: ['Date', 'x', 'Retry-After', '120'] },
    { headers: { 'retry-after': Buffer.from('120') } },
    { headers: [Buffer.from('retry-after'), Buffer.from('120')] },
    { response: { headers: { 'retry-after': ['120', '7'] } } },
    { response: { headers: new Map([['retry-after', '120']]) } },
    { $response: { headers: { 'retry-after': '120' } } },
    new Response(null, { headers: { 'retry-after': '120' } }),
    new Error('wrapped', { cause: { response: { headers: { 'retry-after': ' 120 ' } } } }),
  ]
  for (const holder of holders) assert.equal(retryAfterMs(holder, nowMs), 120_000)
})

test('the three forms of an HTTP date', () => {
  for (const date of ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994']) {
    assert.equal(retryAfterMs({ headers: { 'retry-after': date } }, nowMs), 37_000, date)
  }
  assert.equal(retryAfterMs({ headers: { 'retry-after': 'Sun, 06 Nov 1994 08:00:00 GMT' } }, nowMs), 0)
})

test('never more than 24 hours, and nothing without a valid value', () => {
  assert.equal(retryAfterMs({ headers: { 'retry-after': '9999999999' } }, nowMs), 86_400_000)
  assert.equal(retryAfterMs({ headers: { 'retry-after': 'Sun, 06 Nov 2094 08:00:00 GMT' } }, nowMs), 86_400_000)
  for (const value of [
    '',
    '-1',
    '1.5',
    '1e3',
    'soon',
    '99999999999',
    'Sun',
    'Foo, 99 Bar 1994 08:00:00 GMT',
    'x'.repeat(1e6),
    {},
    null,
  ]) {
    assert.equal(retryAfterMs({ headers: { 'retry-after': value } }, nowMs), undefined)
  }
})

test('never throws, and what it says is from 0 to 24 hours', () => {
  const trap = new Proxy(
    {},
    {
      get(): never {
        throw new Error('trap')
      },
    },
  )
  const { proxy, revoke } = Proxy.revocable([], {})
  revoke()
  for (const value of [null, trap, proxy, { headers: trap }, { headers: proxy }, { headers: { get: () => trap } }]) {
    assert.equal(retryAfterMs(value, nowMs), undefined)
  }
  const value = fc.oneof(
    fc.anything(),
    fc.integer().map(String),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  )
  fc.assert(
    fc.property(value, (retryAfter) => {
      const delayMs = retryAfterMs({ headers: { 'retry-after': retryAfter } }, nowMs) ?? 0
      assert.ok(delayMs >= 0 && delayMs <= 86_400_000)
    }),
  )
})
