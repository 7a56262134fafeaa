import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { defaultMasking, isSecretName, type MaskingConfig, type MaskRule } from '../config/index.ts'
import { newMark } from './mark.ts'
import { maskAnswer } from './mask-answer.ts'
import { maskEdit } from './mask-edit.ts'
import { type Masker, maskerOf } from './masker.ts'
import type { Audience } from './rules.ts'

const masker = (rules: readonly MaskRule[], audience: Audience = 'viewer', defaults = false): Masker =>
  maskerOf({ rules, defaults }, audience) ?? assert.fail('nothing is masked')
const ofBody = { queue: 'orders', part: 'body' } as const
const body = (m: Masker, text: string | Buffer, isCut = false): string =>
  m.bytes(Buffer.from(text), { ...ofBody, isCut }).toString()

test('a path hides what it leads to, and every other byte stays', () => {
  const odd = '{ "n":9007199254740993 ,"big": 1e400,"zero":-0,\t"one":1.0,"sp":"\\u0041\\/", "a":{"email" : "x"} }\n'
  assert.equal(body(masker([{ path: '$.a.email' }]), odd), odd.replace('"x"', '"[masked: path $.a.email]"'))
  const cases: readonly (readonly [string, string, string])[] = [
    ['**.email', '{"email":1,"a":[{"email":{"b":[1,{}]}}],"x":2}', '{"email":§,"a":[{"email":§}],"x":2}'],
    [
      '$.items.card',
      '{"items":[[{"card":[1]},{"card":null}]],"card":1}',
      '{"items":[[{"card":§},{"card":§}]],"card":1}',
    ],
    ['$.items[*].card', '{"items":[{"card":true}]}', '{"items":[{"card":§}]}'],
    ['$.*.id', '{"a":{"id":1},"id":2,"b":{"c":{"id":3}}}', '{"a":{"id":§},"id":2,"b":{"c":{"id":3}}}'],
    ['$.a.**.id', '{"a":{"id":1,"b":{"c":{"id":3}}},"id":2}', '{"a":{"id":§,"b":{"c":{"id":§}}},"id":2}'],
    ['**.e*l', '{"EMAIL":1,"el":2,"e":3}', '{"EMAIL":§,"el":§,"e":3}'],
    ['$', '[1,2]', '§'],
    ['**.a', '{"a":1}\n{"a":2}\n', '{"a":§}\n{"a":§}\n'],
    ['**.ab', '{"\\u0061b":1}', '{"\\u0061b":§}'],
  ]
  for (const [path, before, after] of cases)
    assert.equal(
      body(masker([{ path }]), before),
      after.replaceAll('§', `"[masked: path ${path.replace('[*]', '')}]"`),
      path,
    )
})

test('rules hold for their queues and their audience', () => {
  const rule = { pattern: 'email', queues: ['pay*'], showTo: 'operator' } as const
  const text = 'to erika@example.com'
  const hidden = 'to [masked: email]'
  assert.equal(masker([rule]).text(text, 'payments'), hidden)
  assert.equal(masker([rule]).text(text, 'orders'), text)
  assert.equal(masker([rule]).text(text, null), hidden, 'whose it is is not known')
  assert.equal(masker([rule], 'nobody').text(text, 'payments'), hidden)
  assert.equal(maskerOf({ rules: [rule], defaults: false }, 'operator'), null)
  assert.equal(masker([{ pattern: 'email' }], 'operator').text(text, 'payments'), hidden)
  assert.equal(maskerOf({ rules: [], defaults: false }, 'viewer'), null)
})

test('names say that their values are secret, in JSON, headers and free text', () => {
  const m = masker([], 'operator', true)
  const hidden = '[masked: secret name]'
  assert.equal(
    body(m, '{"Api-Key":"k","user":{"password":{"x":1}},"hasPassword":true,"max_tokens":5,"pwd":1}'),
    `{"Api-Key":"${hidden}","user":{"password":"${hidden}"},"hasPassword":true,"max_tokens":5,"pwd":"${hidden}"}`,
  )
  assert.equal(m.header('X-Auth-Token', Buffer.from('abc'), null).toString(), hidden)
  assert.equal(m.header('x-tenant', Buffer.from('acme'), null).toString(), 'acme')
  const texts: Readonly<Record<string, string>> = {
    'login failed: password=hunter2, user=x': `login failed: password=${hidden}, user=x`,
    'password: hunter2': `password: ${hidden}`,
    'said {"client_secret":"a\\"b","x":1} there': `said {"client_secret":"${hidden}","x":1} there`,
    'got \\"token\\": \\"abc\\", ok': `got \\"token\\": \\"${hidden}\\", ok`,
    'GET /x?api_key=abc&y=1': `GET /x?api_key=${hidden}&y=1`,
    'Cookie: a=b; c=d\nnext': `Cookie: ${hidden}\nnext`,
    "{ apiKey: 'abc' }": `{ apiKey: '${hidden}' }`,
    '<password>abc</password>': `<password>${hidden}</password>`,
    'token => abc': `token => ${hidden}`,
    'password={"a":"b"} x': `password=${hidden}`,
    'password=[masked: secret name]hunter2': `password=[masked: secret name]${hidden}`,
    'password="[masked: hunter2]"': `password="${hidden}"`,
    'JsonWebTokenError: invalid signature': 'JsonWebTokenError: invalid signature',
    'at x (/srv/token.ts:84:3)': 'at x (/srv/token.ts:84:3)',
    'the token expired': 'the token expired',
    'password="': 'password="',
  }
  for (const [given, shown] of Object.entries(texts)) assert.equal(m.text(given, null), shown, given)
  for (const name of ['author', 'keyboard', 'cook', 'tokens', 'tokenCount', 'SecretsManager', 'passenger'])
    assert.ok(!isSecretName(name), name)
})

test('JSON in text is looked through, as deep as somebody packed it', () => {
  const m = masker([{ path: '**.email' }])
  const inner = JSON.stringify({ email: 'x', n: 1 })
  assert.equal(m.text(inner, null), '{"email":"[masked: path **.email]","n":1}')
  const twice = JSON.stringify({ payload: JSON.stringify({ again: inner }) })
  assert.ok(!body(m, twice).includes('\\"x'), body(m, twice))
})

test('what rules cannot be applied to is withheld whole', () => {
  const bytes = Buffer.from([0xff, 0, 1])
  const withheld = '[masked: bytes that are no text]'
  assert.equal(body(masker([], 'viewer', true), bytes), withheld)
  assert.deepEqual(masker([], 'operator', true).bytes(bytes, ofBody), bytes)
  const planted = Buffer.concat([bytes, Buffer.from('AKIAIOSFODNN7EXAMPLE')])
  assert.equal(body(masker([], 'operator', true), planted), withheld)
  assert.equal(body(masker([], 'operator', true), Buffer.from('x password=abc', 'utf16le')), withheld)
  assert.equal(body(masker([{ path: '$.a' }], 'operator'), bytes), withheld)
  assert.equal(body(masker([{ path: '$.a' }], 'operator'), 'no JSON'), '[masked: it is no JSON, as rules expect]')
  assert.equal(body(masker([{ path: '$.a' }], 'operator'), '{"a":1'), '[masked: it is no JSON, as rules expect]')
  const large = Buffer.alloc(8 * 1024 * 1024 + 1, 'x')
  assert.equal(body(masker([], 'operator', true), large), '[masked: more than 8 MiB]')
  assert.equal(body(masker([{ part: 'body' }], 'operator'), 'x'), '[masked: body]')
  assert.equal(
    masker([{ part: 'key' }])
      .bytes(Buffer.from('x'), { queue: null, part: 'key' })
      .toString(),
    '[masked: key]',
  )
})

test('of what was cut off nothing half is shown', () => {
  const m = masker([{ path: '**.email' }, { pattern: 'card-number' }])
  const whole = '{"a":1,"email":{"x":["secret"]},"b":"41111111","c":4111111111111111,"d":{"email":"s\\u0065cret"}}'
  for (let end = 1; end < whole.length; end += 1) {
    const shown = body(m, whole.slice(0, end), true)
    for (const secret of ['secret', 's\\u0065cret', 'secre', '"s', '411111111', '"b":"4'])
      assert.ok(!shown.includes(secret) || (secret === '"b":"4' && end > 44), `${end}: ${shown}`)
  }
})

test('what is no JSON is text, cut off or not', () => {
  const m = masker([], 'operator', true)
  for (const isCut of [false, true])
    for (const text of [
      'said password=x',
      '[info] password=x',
      '1 password=x',
      '{"a" password=x',
      '{"a":1} password=x',
      '-x password=x',
      'true password=x',
    ])
      assert.ok(body(m, text, isCut).endsWith('[masked: secret name]'), `${isCut} ${text}`)
  for (const begun of ['{"a":t', '{"a":nul', '[-', '[1,fals', '{"a"', '{'])
    assert.ok(body(m, begun, true).startsWith(begun.slice(0, 1)), begun)
})

test('values that differ get numbers that differ where they are compared', () => {
  const m = maskerOf({ rules: [{ path: '$.a' }], defaults: false }, 'viewer', { isNumbered: true })
  const shown = ['{"a":1}', '{"a":2}', '{"a":1}'].map((text) => m?.bytes(Buffer.from(text), ofBody).toString())
  assert.deepEqual(
    shown,
    [1, 2, 1].map((n) => `{"a":"[masked: path $.a #${n}]"}`),
  )
})

test('masking twice is masking once', () => {
  const rules: readonly MaskRule[] = [{ path: '**.email' }, { pattern: 'email' }, { header: 'x-*' }]
  const m = masker(rules, 'viewer', true)
  const piece = fc.constantFrom(
    '{"email":"a"}',
    'a@b.cd',
    'password=',
    '"',
    'x',
    ' ',
    '{"token":"',
    '}',
    ': ',
    '\\',
    '[masked: ',
    ']',
    'eyJaaaaaaaa.',
    'Cookie: ',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = pieces.join('')
      const once = m.text(text, null)
      const shown = body(m, text)
      assert.equal(body(m, shown).includes('a@b.cd'), false)
      assert.equal(m.text(once, null).includes('a@b.cd'), false)
    }),
    { numRuns: 5_000 },
  )
})

test('JSON of any form is masked where it should be and stays JSON', () => {
  const m = masker([{ path: '**.hide' }])
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<unknown>(null, true, 0, -1.5e30, 'x', 'a"b\\c'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('hide', 'a', '', '"', '__proto__x'), tie('value'), { maxKeys: 3 }),
    ),
  }))
  const reference = (given: unknown): unknown => {
    if (Array.isArray(given)) return given.map(reference)
    if (typeof given !== 'object' || given === null) return given
    return Object.fromEntries(
      Object.entries(given).map(([name, each]) => [name, name === 'hide' ? '[masked: path **.hide]' : reference(each)]),
    )
  }
  fc.assert(
    fc.property(value, fc.constantFrom(undefined, 1, '\t'), (given, indent) => {
      const json = JSON.stringify(given, null, indent)
      assert.deepEqual(JSON.parse(body(m, json)), reference(JSON.parse(json)))
    }),
    { numRuns: 5_000 },
  )
})

test('an answer is looked through wherever text may stand', () => {
  const m = masker([{ pattern: 'email', queues: ['payments'] }], 'viewer', true)
  const at = 'erika@example.com'
  const hidden = '[masked: email]'
  const sha = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  assert.deepEqual(
    maskAnswer(m, {
      queue: 'payments',
      list: [{ title: at, [at]: 1 }],
      details: { token: 'x', n: 1, at },
      other: { queue: 'orders', title: at },
      bodySha256: sha,
    }),
    {
      queue: 'payments',
      list: [{ title: hidden, [hidden]: 1 }],
      details: { token: '[masked: secret name]', n: 1, at: hidden },
      other: { queue: 'orders', title: at },
      bodySha256: '[masked: hash]',
    },
  )
  assert.deepEqual(maskAnswer(m, { title: at }), { title: hidden }, 'whose it is is not known')
})

test('values of an edit are masked as those of the letter', () => {
  const m = masker([{ path: '$.customer.email' }, { header: 'x-who' }])
  const patch = (operations: unknown): string => JSON.stringify(operations)
  const edited = (given: string): unknown => (maskEdit(m, { patch: given }, null) as { patch: unknown }).patch
  const hidden = '[masked: a value of the patch]'
  for (const operation of [
    { op: 'set', path: '/customer/email', value: 's' },
    { op: 'add', path: '/customer', value: { email: 's' } },
    { op: 'set', path: '', value: { customer: { email: 's' } } },
  ])
    assert.equal(edited(patch([operation])), patch([{ ...operation, value: hidden }]))
  const open = patch([{ op: 'set', path: '/customer/name', value: 's' }])
  assert.equal(edited(open), open)
  assert.equal(edited('no JSON'), '[masked: it is no JSON, as rules expect]')
  assert.deepEqual(maskEdit(m, { headers: [{ op: 'set', name: 'X-Who', value: { base64: 'cw==' } }] }, null), {
    headers: [{ op: 'set', name: 'X-Who', value: { text: '[masked: header x-who]' } }],
  })
})

test('a mark that was not there before is known', () => {
  const has = (before: string | null, after: string | null): string | null =>
    newMark(before === null ? null : Buffer.from(before), after === null ? null : Buffer.from(after))
  assert.equal(has('{"a":1}', '{"a":"[masked: email]"}'), '[masked: email]')
  assert.equal(has('x [masked: email]', 'y [masked: email]'), null)
  assert.equal(has('x [masked: email]', '[masked: email] [masked: key]'), '[masked: key]')
  assert.equal(has(null, 'plain'), null)
  assert.equal(has('[masked: email]', null), null)
})

test('no text keeps a masker busy', () => {
  const n = 300_000
  const config: MaskingConfig = {
    ...defaultMasking,
    rules: [{ path: '$.**.a.**.b.**.c' }, { path: '**.*a*b*' }, { pattern: 'email' }, { pattern: 'iban' }],
  }
  const m = maskerOf(config, 'operator') ?? assert.fail()
  const hostile = [
    '='.repeat(n),
    'a='.repeat(n / 2),
    'token='.repeat(n / 6),
    'token="'.repeat(n / 7),
    'token=\\"'.repeat(n / 8),
    `token="${'\\'.repeat(n)}`,
    'cookie:'.repeat(n / 7),
    'token:\n'.repeat(n / 7),
    '['.repeat(n),
    '{"a":'.repeat(n / 5),
    `[${'"'.repeat(n)}`,
    `"${'\\"'.repeat(n / 2)}`,
    `{"x":"${'{\\"x\\":'.repeat(n / 7)}`,
    `[${'{"a":{"b":1}},'.repeat(n / 14)}1]`,
    `[${'"token=\\"",'.repeat(n / 11)}1]`,
    `{${Array.from({ length: n / 20 }, (_, i) => `"key${i}":"v"`).join(',')}}`,
    '[masked: '.repeat(n / 9),
  ]
  for (const text of hostile) {
    const before = process.cpuUsage()
    m.bytes(Buffer.from(text), { queue: null, part: 'key' })
    m.text(text, null)
    const tookMs = process.cpuUsage(before).user / 1_000
    assert.ok(tookMs < 3_000, `${tookMs} ms for ${text.slice(0, 40)}…`)
  }
})
