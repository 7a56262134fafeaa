import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSamples } from './parse-samples.ts'

const good = { partition: '3', headers: [['a'], ['b', 'x'], ['c', null]], body: '{}' }

test('what a worker tells is read again, whatever stands beside it', () => {
  const least = { partition: null, headers: null, body: null }
  assert.deepEqual(parseSamples([good, least, { ...good, of: 'a later version' }]), [good, least, good])
})

test('what no worker tells is left out, and is no reason to lose the rest', () => {
  const wrong = [
    null,
    7,
    [],
    {},
    { ...good, partition: 3 },
    { ...good, partition: 'x'.repeat(65) },
    { ...good, body: 'x'.repeat(4_097) },
    { ...good, body: 'é'.repeat(4_000) },
    { ...good, headers: 'a' },
    { ...good, headers: [[]] },
    { ...good, headers: [['x'.repeat(121)]] },
    { ...good, headers: [['a', 'x'.repeat(201)]] },
    { ...good, headers: [['a', 7]] },
    { ...good, headers: Array.from({ length: 51 }, () => ['a']) },
  ]
  for (const each of wrong) assert.deepEqual(parseSamples([each, good]), [good], JSON.stringify(each)?.slice(0, 80))
  for (const each of [undefined, null, 'x', {}]) assert.deepEqual(parseSamples(each), [])
  assert.equal(parseSamples(Array.from({ length: 200 }, () => good)).length, 100)
})
