import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Header } from '@redrive/worker'
import { encodeHeaders } from '../store/header-list.ts'
import { type LetterRow, tokensOfLetter } from './letter-tokens.ts'
import type { Token } from './token.ts'
import { TokenCounts } from './token-counts.ts'

const empty: LetterRow = {
  id: '',
  queue: 'orders',
  tier: 'permanent',
  captured_at: new Date('2026-11-29T13:30:00Z'),
  last_failed_at: null,
  error_class: null,
  consumer: null,
  service: null,
  release: null,
  host: null,
  partition: null,
  origin: null,
  attempts: null,
  reason: null,
  readers: [],
  returned: false,
  failure_headers: [],
  bytes: 0,
  key: null,
  headers: encodeHeaders([]),
  properties: null,
  properties_bytes: null,
  body: null,
  body_bytes: null,
}

const withBody = (body: string | Uint8Array): LetterRow => {
  const bytes = Buffer.from(body as string)
  return { ...empty, body: bytes, body_bytes: bytes.length }
}
const textOf = ({ facet, what, value }: Token): string => `${facet} ${what}${value === null ? '' : ` ${value}`}`
const bodyOf = (body: string | Uint8Array): readonly string[] | undefined =>
  tokensOfLetter(withBody(body)).body?.map(textOf)
const headersOf = (headers: readonly Header[], failure: readonly string[] = []): readonly string[] | undefined =>
  tokensOfLetter({ ...empty, headers: encodeHeaders(headers), failure_headers: failure }).headers?.map(textOf)

test('members of a body are told by path, kind, size of numbers and value', () => {
  assert.deepEqual(bodyOf('{"a/b":{"c~":-1234.5},"n":null,"e":"","l":[{"s":true}]}'), [
    'body:/a~1b there',
    'body:/a~1b kind object',
    'body:/a~1b/c~0 there',
    'body:/a~1b/c~0 kind number',
    'body:/a~1b/c~0 range -1000 to -10000',
    'body:/a~1b/c~0 is -1234.5',
    'body:/n there',
    'body:/n kind null',
    'body:/e there',
    'body:/e kind empty string',
    'body:/e is ""',
    'body:/l there',
    'body:/l kind array',
    'body:/l[] there',
    'body:/l[] kind object',
    'body:/l[]/s there',
    'body:/l[]/s kind boolean',
    'body:/l[]/s is true',
  ])
  const ranges = [0, 0.5, 1, 9.99, 10, 999, 1000, 1e6, 9_999_999, 1e7, 1e300].map((number) =>
    bodyOf(`{"n":${number}}`)?.find((text) => text.includes('range')),
  )
  assert.deepEqual(
    ranges.map((range) => range?.replace('body:/n range ', '')),
    [
      '0',
      '0 to 1',
      '1 to 10',
      '1 to 10',
      '10 to 100',
      '100 to 1000',
      '1000 to 10000',
      '1000000 to 1e7',
      '1000000 to 1e7',
      '1e7 to 1e8',
      '1e300 to 1e301',
    ],
  )
})

test('what a body is, is told also where it has no members', () => {
  const kind = (row: LetterRow): string | null | undefined => tokensOfLetter(row)['body kind']?.[0]?.value
  assert.equal(kind(withBody('{}')), 'a JSON object')
  assert.equal(kind(withBody('[1]')), 'a JSON array')
  assert.equal(kind(withBody('"x"')), 'a JSON value')
  assert.equal(kind(withBody('{"a":')), 'text')
  assert.equal(kind(withBody(Buffer.from([0xff, 0]))), 'bytes')
  assert.equal(kind(empty), 'empty')
  assert.equal(kind({ ...empty, body_bytes: 10_000_000 }), 'too large to look into')
  assert.equal(tokensOfLetter({ ...empty, body_bytes: 10_000_000 }).body, undefined, 'unread, not without members')
  assert.deepEqual(tokensOfLetter(withBody('{"a":')).body, [], 'read, and without members')
  const { body, 'body kind': bodyKind, letter } = tokensOfLetter(withBody('{}'), { withBody: false })
  assert.deepEqual([body, bodyKind, letter !== undefined], [undefined, undefined, true], 'nothing said of it')
})

test('hostile bodies are read in bounds and change nothing else', () => {
  const proto = bodyOf('{"__proto__":{"isAdmin":true},"constructor":1}')
  assert.ok(proto?.includes('body:/__proto__/isAdmin is true'))
  assert.equal(({} as { isAdmin?: unknown }).isAdmin, undefined)
  const deep = bodyOf(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`)
  assert.equal(deep?.filter((text) => text.endsWith('kind object')).length, 8)
  assert.ok((bodyOf(`${'['.repeat(15_000)}${']'.repeat(15_000)}`)?.length ?? 0) < 20)
  const wide = JSON.stringify(Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`k${n}`, n])))
  assert.equal(bodyOf(wide), undefined, 'too many members: unread')
  const long = `{"${'n'.repeat(500)}":1,"v":"${'\\ud800'.repeat(300)}"}`
  assert.deepEqual(
    bodyOf(long)?.map((text) => text.split(' ').slice(0, 2).join(' ')),
    ['body:/v there', 'body:/v kind', 'body:/v starts'],
  )
  assert.ok(bodyOf(long)?.every((text) => text.length < 200 && text.isWellFormed()))
  assert.ok(bodyOf('{"a":"\\u0000\\u001b[2J"}')?.includes('body:/a is "\\u0000\\u001b[2J"'))
  assert.ok((bodyOf(`[${'1,'.repeat(15_000)}1]`)?.length ?? 0) <= 40, 'only the first elements of an array')
})

test('headers are told by name, but those that say how the letter died', () => {
  const text = (name: string, value: string): Header => ({ name, value: Buffer.from(value) })
  assert.deepEqual(
    headersOf(
      [
        text('tenant', 'acme'),
        text('redrive', '{}'),
        { name: 'raw', value: Buffer.from([0xff]) },
        { name: 'none', value: null },
        text('e', ''),
      ],
      ['redrive'],
    ),
    [
      'header:tenant there',
      'header:tenant is acme',
      'header:raw there',
      'header:raw kind bytes',
      'header:none there',
      'header:none kind null',
      'header:e there',
      'header:e kind empty',
    ],
  )
  assert.equal(headersOf(Array.from({ length: 101 }, (_, n) => text(`h${n}`, 'x'))), undefined, 'too many: unread')
  assert.deepEqual(headersOf([text('x'.repeat(10_000), 'y')]), [])
  assert.equal(headersOf([text('long', 'x'.repeat(5_000))])?.[1], `header:long starts ${'x'.repeat(80)}`)
  assert.equal(tokensOfLetter({ ...empty, headers: null }).headers, undefined)
})

test('properties of the carrier are told by path', () => {
  const properties = Buffer.from('{"type":"InvoiceCreated","headers":{"x":1}}')
  const tokens = tokensOfLetter({ ...empty, properties, properties_bytes: properties.length }).properties?.map(textOf)
  assert.ok(tokens?.includes('property:/type is "InvoiceCreated"'))
  assert.deepEqual(tokensOfLetter(empty).properties, [])
  assert.equal(tokensOfLetter({ ...empty, properties_bytes: 99_999 }).properties, undefined)
})

test('the hour is the one it died in', () => {
  const hour = (row: LetterRow): string | null | undefined =>
    tokensOfLetter(row).letter?.find(({ facet, what }) => facet.startsWith('hour') && what === 'is')?.value
  assert.equal(hour(empty), '13')
  assert.equal(hour({ ...empty, last_failed_at: new Date('2026-11-29T02:00:00Z') }), '2')
})

test('tokens are counted once a letter, in bounded memory, and those that are counted exactly', () => {
  const counts = new TokenCounts({ maxTokens: 100 })
  for (let n = 0; n < 500; n++) {
    const often: Token = { facet: 'f', what: 'is', value: 'often' }
    counts.add(n % 2 === 0 ? 'set' : 'others', {
      letter: [often, often, { facet: `flood ${n}`, what: 'is', value: String(n) }],
    })
  }
  const all = [...counts.counted()]
  assert.equal(all.length, 100)
  const [first] = all
  assert.deepEqual([first?.token.value, first?.set.letters, first?.others.letters], ['often', 250, 250])
})

test('a value can pass for no other thing that is said', () => {
  const counts = new TokenCounts()
  const tokens: readonly Token[] = [
    { facet: 'f', what: 'there', value: null },
    { facet: 'f', what: 'is', value: 'there' },
    { facet: 'f', what: 'kind', value: 'here' },
    { facet: 'f', what: 'starts', value: 'x' },
    { facet: 'f', what: 'is', value: 'x' },
    { facet: 'f', what: 'is', value: 'there'.slice(1) },
  ]
  for (const token of tokens) counts.add('set', { letter: [token] })
  const others = [...counts.counted()].filter(({ token }) => token.what !== 'missing')
  assert.deepEqual(
    others.map(({ token, set }) => [textOf(token), set.letters]),
    tokens.map((token) => [textOf(token), 1]),
  )
})
