import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { NamingRule } from '../config/index.ts'
import { type Redactor, redactorsOf } from './redactor.ts'

const redactor = (...rules: readonly NamingRule[]): Redactor =>
  redactorsOf({ rules })(['orders']) ?? assert.fail('no rule speaks of it')
const ignored = (): void => undefined
const body = (of: Redactor, given: string | Buffer): string =>
  Buffer.from(of.body(Buffer.from(given), ignored)).toString()

const space = fc.constantFrom('', '', ' ', '\n\t', '\r\n  ')
const number = fc.constantFrom('0', '-0', '1.0', '1e400', '9007199254740993', '-1.5E-7', '12345678901234567890')
const string = fc.oneof(
  fc.string({ maxLength: 12 }).map((each) => JSON.stringify(each)),
  fc.constantFrom('"\\u0041\\/"', '"\\ud83d\\ude00"', '"é"', '""'),
)
/** JSON as it may be written, beside the same with marks at what a rule names. */
interface Written {
  readonly before: string
  readonly after: string
}
const same = (text: string): Written => ({ before: text, after: text })
const { value: anyJson } = fc.letrec<{ value: Written; member: Written }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    number.map(same),
    string.map(same),
    fc.constantFrom('true', 'false', 'null').map(same),
    fc.array(tie('value'), { maxLength: 4 }).map((all) => joined('[', all, ']')),
    fc.array(tie('member'), { maxLength: 4 }).map((all) => joined('{', all, '}')),
  ),
  member: fc
    .tuple(space, fc.constantFrom('"pin"', '"p\\u0069n"', '"PIN"', '"pins"', '"a"', '""'), space, space, tie('value'))
    .map(([before, name, between, behind, value]) => {
      const isNamed = /^(?:pin|PIN)$/.test(JSON.parse(name) as string)
      const head = `${before}${name}${between}:${behind}`
      return { before: head + value.before, after: head + (isNamed ? '"[redacted: path **.pin]"' : value.after) }
    }),
}))

function joined(open: string, all: readonly Written[], close: string): Written {
  const of = (side: keyof Written): string => open + all.map((each) => each[side]).join(',') + close
  return { before: of('before'), after: of('after') }
}

test('what no rule names stays byte for byte', () => {
  const of = redactor({ path: '**.pin' })
  fc.assert(
    fc.property(space, anyJson, space, (before, json, behind) => {
      assert.equal(body(of, before + json.before + behind), before + json.after + behind)
    }),
    { numRuns: 2_000 },
  )
})

test('without anything found, the very same bytes come back', () => {
  const of = redactor({ pattern: 'email' }, { header: 'x-*' })
  for (const given of ['{"a":1}', 'plain text', '', ' \n'].map((text) => Buffer.from(text))) {
    assert.equal(of.body(given, assert.fail), given)
    assert.equal(of.key(given, assert.fail), given)
    assert.equal(of.header('y', given, assert.fail), given)
  }
  assert.equal(redactorsOf({ rules: [] })(['orders']), null)
  assert.equal(redactorsOf({ rules: [{ part: 'key', queues: ['pay*'] }] })(['orders', 'other']), null)
  assert.notEqual(redactorsOf({ rules: [{ part: 'key', queues: ['pay*'] }] })(['orders', 'payments']), null)
})

test('a body that cannot be looked through is withheld whole, where a rule speaks of bodies', () => {
  const large = Buffer.alloc(8 * 1024 * 1024 + 1, 0x20)
  for (const [given, why] of [
    [Buffer.from([0xff, 0xfe, 0x41]), 'bytes that are no text'],
    [Buffer.from('a\0b'), 'bytes that are no text'],
    [large, 'more than 8 MiB'],
  ] as const) {
    assert.equal(body(redactor({ pattern: 'iban' }), given), `[redacted: ${why}]`)
    assert.equal(body(redactor({ path: '$.a' }), given), `[redacted: ${why}]`)
    const untouched = redactor({ header: 'x' }, { part: 'key' })
    assert.equal(untouched.body(given, assert.fail), given)
  }
  assert.equal(body(redactor({ path: '$.a' }), 'a=1'), '[redacted: it is no JSON, as rules expect]')
  assert.equal(body(redactor({ pattern: 'email' }), 'to ann@example.com!'), 'to [redacted: email]!')
  assert.equal(body(redactor({ part: 'body' }), 'x'), '[redacted: body]')
})

test('keys and headers of a few bytes are looked at as they are; longer ones that are no text are withheld', () => {
  const of = redactor({ pattern: 'email' })
  const number = Buffer.from([0, 0, 0, 7])
  assert.equal(of.header('partition', number, assert.fail), number)
  assert.equal(of.key(Buffer.alloc(16, 0xff), assert.fail).length, 16)
  const show = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
  assert.equal(show(of.header('x', Buffer.alloc(17, 0xff), ignored)), '[redacted: bytes that are no text]')
  const hidden = Buffer.concat([Buffer.from([0xff]), Buffer.from(' a@b.example')])
  assert.ok(!show(of.key(hidden, ignored)).includes('a@b'))
  assert.equal(show(redactor({ part: 'key' }).key(number, ignored)), '[redacted: key]')
  const named = redactor({ header: 'x-*' })
  assert.equal(show(named.header('X-Name', Buffer.alloc(20, 0xff), ignored)), '[redacted: header x-*]')
  const long = Buffer.alloc(20, 0xff)
  assert.equal(named.header('y', long, assert.fail), long)
})

test('why something was replaced is told once, and never with a value', () => {
  const whys: string[] = []
  const of = redactor({ path: '**.email' }, { pattern: 'email' })
  of.body(Buffer.from('{"email":"a@b.example","x":"c@d.example","y":"c@d.example"}'), (why) => whys.push(why))
  assert.deepEqual(whys, ['path **.email', 'email'])
  assert.deepEqual(of.value({ email: 1, n: [1.5] }, ignored), { email: '[redacted: path **.email]', n: [1.5] })
})
