import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Header } from '@redrive/worker'
import { decodeHeaders, encodeHeaders } from '../store/header-list.ts'
import { applyChange, type Changed } from './apply-change.ts'
import { type GivenChange, readChange } from './change.ts'

const b = (text: string): Buffer => Buffer.from(text)
const list: readonly Header[] = [
  { name: 'tenant', value: b('a') },
  { name: 'x', value: null },
  { name: 'tenant', value: b('b') },
  { name: 'n', value: b('5'), type: 'json' },
  { name: 'redrive', value: b('{}') },
  { name: 'error-class', value: b('E') },
]

function change(
  given: GivenChange,
  options: { readonly body?: Buffer | null; readonly schema?: string } = {},
): Changed {
  const { body = b('{"n":1.0}') } = options
  return applyChange({ key: b('k'), body, headers: encodeHeaders(list) }, readChange(given), {
    failureHeaders: ['error-class'],
    bodySchema: options.schema ?? null,
  })
}

function headersAfter(given: GivenChange): unknown {
  const changed = change(given)
  assert.equal(changed.kind, 'changed', JSON.stringify(changed))
  if (changed.kind !== 'changed') return null
  return decodeHeaders(changed.content.headers).map(({ name, value, type }) => [
    name,
    value?.toString() ?? null,
    ...(type ? [type] : []),
  ])
}

const shown = list.map(({ name, value, type }) => [
  name,
  value === null ? null : Buffer.from(value).toString(),
  ...(type ? [type] : []),
])

test('headers are set, added and removed by name; what is not named stays as and where it is', () => {
  assert.deepEqual(headersAfter({ headers: [{ op: 'set', name: 'tenant', value: { text: 'c' } }] }), [
    ['tenant', 'c'],
    ...shown.slice(1).filter(([name]) => name !== 'tenant'),
  ])
  assert.deepEqual(headersAfter({ headers: [{ op: 'set', name: 'new', value: { base64: 'AAE=' } }] }), [
    ...shown,
    ['new', '\u0000\u0001'],
  ])
  assert.deepEqual(headersAfter({ headers: [{ op: 'add', name: 'tenant', value: null }] }), [
    ...shown,
    ['tenant', null],
  ])
  assert.deepEqual(
    headersAfter({ headers: [{ op: 'remove', name: 'tenant' }] }),
    shown.filter(([name]) => name !== 'tenant'),
  )
  assert.deepEqual(
    headersAfter({ headers: [{ op: 'set', name: 'n', value: { json: '6' } }] })?.toString(),
    shown.map((each) => (each[0] === 'n' ? ['n', '6', 'json'] : each)).toString(),
  )
  assert.deepEqual(
    headersAfter({
      headers: [
        { op: 'remove', name: 'x' },
        { op: 'add', name: 'x', value: { text: '' } },
      ],
    }),
    [...shown.filter(([name]) => name !== 'x'), ['x', '']],
  )
})

test('our own headers and those of the failure are not edited', () => {
  for (const [name, why] of [
    ['redrive', /own/],
    ['Redrive', /own/],
    ['redrive-stack', /own/],
    ['error-class', /failure/],
    ['missing', /no header/],
  ] as const) {
    const changed = change({ headers: [{ op: 'remove', name }] })
    assert.equal(changed.kind, 'refused', name)
    if (changed.kind === 'refused') assert.match(changed.reason, why)
  }
})

test('key and body: text, base64, null', () => {
  const whole = change({ body: { base64: '/wA=' }, key: null })
  assert.deepEqual(whole.kind === 'changed' ? [whole.content.body?.toString('hex'), whole.content.key] : whole, [
    'ff00',
    null,
  ])
  const none = change({ body: null, key: { text: 'ü' } })
  assert.deepEqual(none.kind === 'changed' ? [none.content.body, none.content.key?.toString()] : none, [null, 'ü'])
})

test('what changes nothing says so; what cannot be changed says why', () => {
  assert.equal(change({ key: { text: 'k' } }).kind, 'unchanged')
  assert.equal(change({ patch: '[{"op":"replace","path":"/n","value":1.0}]' }).kind, 'unchanged')
  assert.equal(change({ patch: '[{"op":"replace","path":"/n","value":1.00}]' }).kind, 'changed')
  const patch = '[{"op":"test","path":"/n","value":1},{"op":"remove","path":"/m"}]'
  assert.deepEqual(change({ patch }), {
    kind: 'refused',
    reason: 'there is nothing at "/m"',
    operation: 1,
    position: null,
  })
  assert.match(JSON.stringify(change({ patch }, { body: b('{"n":') })), /no JSON: it ends in the middle \(byte 5\)/)
  assert.match(JSON.stringify(change({ patch }, { body: null })), /no body/)
  assert.match(
    JSON.stringify(change({ body: { text: '{"n":"x"}' } }, { schema: '{"properties":{"n":{"type":"number"}}}' })),
    /schema of its queue/,
  )
  assert.equal(change({ key: null }, { schema: 'false' }).kind, 'changed', 'a body that stays is not judged')
})

test('a request that cannot be understood is refused as such', () => {
  const bad: readonly GivenChange[] = [
    {},
    { headers: [] },
    { patch: '[]' },
    { patch: '[{"op":"remove","path":"/a"}]', body: null },
    { body: { base64: 'AAE' } },
    { body: { base64: '!!!!' } },
    { key: { text: '\ud800' } },
    { headers: [{ op: 'set', name: 'a' }] },
    { headers: [{ op: 'remove', name: 'a', value: null }] },
    { headers: [{ op: 'add', name: '', value: null }] },
    { headers: [{ op: 'add', name: 'a', value: { json: '{' } }] },
  ]
  for (const given of bad) assert.throws(() => readChange(given), { code: 'REQUEST_INVALID' }, JSON.stringify(given))
})
