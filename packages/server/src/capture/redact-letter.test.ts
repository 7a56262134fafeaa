import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { Delivery, Message } from '@redrive/worker'
import type { NamingRule } from '../config/index.ts'
import { type Redactor, redactorsOf } from '../masking/index.ts'
import { termHash } from '../store/terms.ts'
import { ourLetter } from '../testing/letters.ts'
import { letterToPlace, type RecognisedLetter, recogniseLetter, termsOfLetter } from './recognise-letter.ts'
import { redactLetter } from './redact-letter.ts'

const system = 'kafka'
const delivered = (message: Message): RecognisedLetter => {
  const delivery: Delivery = {
    ...{ message, place: 'dead', partition: '0', position: 5n, nativeId: null, bytes: 1 },
    ...{ redelivered: false, deliveries: null },
  } as never
  return recogniseLetter(delivery, { system, id: Buffer.alloc(16, 7) })
}
const redactorOf = (...rules: readonly NamingRule[]): Redactor =>
  redactorsOf({ rules })(['orders']) ?? assert.fail('no rule speaks of it')
const redacted = (message: Message, ...rules: readonly NamingRule[]): RecognisedLetter =>
  redactLetter(delivered(message), { redactor: redactorOf(...rules), system }).kept

const failure = { errorClass: 'E', rootClass: 'E', message: 'no slot for ann@example.com' }
const stack = 'E: no slot for ann@example.com\n    at a (/a.ts:1:1)'

test('a letter in which nothing is named is the very same', () => {
  const letter = delivered(ourLetter(1))
  assert.equal(redactLetter(letter, { redactor: redactorOf({ pattern: 'iban' }), system }).kept, letter)
})

test('what readers found in redacted headers is redacted as well; what the letter is known by is not', () => {
  const message = ourLetter(1, { failure, stack, hops: 2, replayId: '01890000-0000-7000-8000-000000000001' })
  const before = delivered(message)
  const kept = redacted(message, { header: 'redrive*' })
  const { facts } = kept.read
  assert.ok(!JSON.stringify(facts).includes('ann@'), JSON.stringify(facts))
  for (const name of [
    'originPlace',
    'consumer',
    'attempts',
    'lastFailedAtMs',
    'tier',
    'replayId',
    'hops',
    'wireId',
  ] as const)
    assert.equal(facts[name], before.read.facts[name], name)
  assert.deepEqual(kept.identity, before.identity)
  assert.deepEqual(kept.redacted, ['header redrive* in error'])
  assert.deepEqual(kept.read.failureHeaders, before.read.failureHeaders)
})

test('facts are redacted before they are cut: half of a secret is none that could be known', () => {
  const message = ourLetter(1, { worker: { service: `${'x'.repeat(245)} ann@example.com`, release: null, host: null } })
  assert.ok(delivered(message).read.facts.service?.endsWith(' ann@examp'), delivered(message).read.facts.service)
  assert.ok(!redacted(message, { pattern: 'email' }).read.facts.service?.includes('ann'))
})

test('an id in which something is found is another one, and a held letter stays held', () => {
  const line = { key: 'k'.repeat(22), at: 1, behind: 'ann@example.com' }
  const message = ourLetter(1, { id: 'ann@example.com', reason: 'held', line })
  const { read, redacted: lost } = redacted(message, { pattern: 'email' })
  assert.match(read.facts.wireId ?? '', /^redacted-07070707-/)
  assert.deepEqual([read.facts.reason, read.facts.line], ['held', { ...line, behind: null }])
  assert.ok(lost.includes('email in route'), lost.join())
  assert.equal(redacted(message, { header: 'redrive*' }).read.facts.reason, 'held')
})

test('a typed header that becomes a mark is text; one that stays JSON keeps its type', () => {
  const headers = [
    { name: 'a', value: Buffer.from('{"email":"x","n":1}'), type: 'json' as const },
    { name: 'b', value: Buffer.from('7'), type: 'json' as const },
  ]
  const { message } = redacted({ key: null, body: null, headers }, { path: '**.email' }, { header: 'b' })
  assert.deepEqual(
    message.headers.map(({ name, value, type }) => [name, Buffer.from(value ?? '').toString(), type]),
    [
      ['a', '{"email":"[redacted: path **.email]","n":1}', 'json'],
      ['b', '[redacted: header b]', undefined],
    ],
  )
})

test('rules of causes and searches see what is kept', () => {
  const headers = [{ name: 'x-customer', value: Buffer.from('ann') }]
  const kept = redacted(
    { ...ourLetter(1), key: Buffer.from('ann7@example.com'), headers },
    { header: 'x-customer' },
    { part: 'key' },
  )
  const header = letterToPlace(kept, { id: 1, name: 'orders' }).headers()?.[0]
  assert.equal(Buffer.from(header?.value ?? '').toString(), '[redacted: header x-customer]')
  assert.ok(!termsOfLetter(kept).includes(termHash('ann7')))
})

test('properties are redacted, and said so', () => {
  const properties = { userId: 'ann@example.com', priority: 3 }
  const { message, redacted: lost } = redacted({ ...ourLetter(1), properties }, { pattern: 'email' })
  assert.deepEqual(message.properties, { userId: '[redacted: email]', priority: 3 })
  assert.deepEqual(lost, ['email in properties'])
})

test('of a letter that cannot be looked through no content is kept, and all that it is known by', () => {
  for (const broken of ['body', 'key', 'header', 'text', 'value'] as const) {
    const fails = (): never => {
      throw new RangeError('ann@example.com is too deep')
    }
    const redactor: Redactor = { ...redactorOf({ pattern: 'email' }), [broken]: fails }
    const message = {
      ...ourLetter(1, { failure, stack, body: Buffer.from('ann@example.com') }),
      properties: { a: 'ann@' },
    }
    const letter = delivered(message)
    const { kept, problem } = redactLetter(letter, { redactor, system })
    assert.equal(problem, 'RangeError', 'nothing of what it says')
    const { delivery: _, ...rest } = kept
    const all = JSON.stringify(rest, (_name, value: unknown) =>
      value instanceof Uint8Array || (value as { type?: string } | null)?.type === 'Buffer'
        ? Buffer.from(value as Uint8Array).toString('latin1')
        : typeof value === 'bigint'
          ? String(value)
          : value,
    )
    assert.ok(!all.includes('ann@'), all)
    assert.ok(!all.includes('no slot'), all)
    assert.equal(Buffer.from(kept.message.body ?? '').toString(), '[redacted: it could not be looked through]')
    assert.deepEqual(
      kept.bodySha256,
      createHash('sha256')
        .update(kept.message.body ?? '')
        .digest(),
    )
    assert.equal(kept.read.facts.reason, 'content withheld: it could not be looked through')
    assert.equal(kept.read.facts.originPlace, 'orders')
    assert.equal(kept.message.headers.length, message.headers.length)
    assert.deepEqual(kept.identity, letter.identity)
    assert.ok(kept.redacted.includes('it could not be looked through in body'))
  }
})
