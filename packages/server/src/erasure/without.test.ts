import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutDeep, withoutInJson } from './without.ts'

const ownWords = new Set(['orders', 'open', 'state', 'replace', 'first-failure'])
const texts = ['anna "z"', 'customer-4711', 'first', 'orders', 'https', 'state', 'value', '2026', 'open', 'Berlin']
const taken = { texts, ownWords }

test('names of fields, own words, ids, times and links of the office stay; every other text is rid of them', () => {
  const kept = {
    value: 'first-failure',
    queue: 'orders',
    at: '2026-11-29T00:00:00.000Z',
    alert: 'a_2026-'.replace('-', '0'.repeat(22)),
    links: { acknowledge: 'https://o.example/' },
    zone: 'Europe/Berlin',
    count: 2026,
    none: null,
  }
  assert.deepEqual(withoutDeep(kept, taken), kept)
  assert.deepEqual(
    withoutDeep(
      {
        title: 'orders open: anna "z"',
        facts: [{ name: 'x', value: 'customer-4711' }],
        query: 'state:open key:customer-4711',
      },
      taken,
    ),
    {
      title: '(erased) (erased): (erased)',
      facts: [{ name: 'x', value: '(erased)' }],
      query: 'state:open key:(erased)',
    },
  )
})

test('of JSON as it is written numbers, spaces and names of fields stay', () => {
  const json =
    '{ "value":[{"op":"replace","path" : "/first","value":"for anna \\"z\\""}], "n": 1.00e2, "state":"a\\\\" }'
  const bare =
    '{ "value":[{"op":"replace","path" : "/(erased)","value":"for (erased)"}], "n": 1.00e2, "state":"a\\\\" }'
  assert.equal(withoutInJson(json, taken), bare)
})
