import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { globMatches } from './glob.ts'
import type { LetterToPlace } from './letter-to-place.ts'
import { matches, parseMatcher, parseMatchers } from './matcher.ts'
import { type CauseMove, type CauseRule, type Founding, maxValues } from './rule.ts'
import { ruleSet } from './rule-set.ts'
import { checkTitle, maxTitle, titleFrom } from './title.ts'

const header = (name: string, value: string | null) => ({ name, value: value === null ? null : Buffer.from(value) })

const letter = (changes: Partial<LetterToPlace> & { readonly tenant?: string } = {}): LetterToPlace => ({
  queue: { id: 1, name: 'orders' },
  consumer: 'reefer',
  tier: 'transient',
  errorClass: 'InventoryError',
  message: 'no slot for order 17',
  reason: null,
  stack: 'InventoryError: no slot\n    at reserve (/app/src/reserve.ts:10:5)\n    at handle (/app/src/handler.ts:20:9)',
  headers: () => [header('tenant', changes.tenant ?? 'acme'), header('tenant', 'second'), header('empty', null)],
  ...changes,
})

const cause = (id: string): Founding => ({
  id,
  key: id.padStart(32, '0'),
  version: 1,
  basis: 'frames',
  parts: {},
  title: `cause ${id}`,
  errorClass: null,
  template: null,
  rule: null,
})

const rule = (name: string, where: readonly string[], more: Partial<CauseRule> = {}): CauseRule => ({
  kind: 'rule',
  id: name,
  name,
  queue: null,
  matchers: parseMatchers(where),
  title: null,
  per: null,
  values: new Set(),
  masked: new Map(),
  ...more,
})

let made = 0
const merge = (sources: readonly string[], into: string): CauseMove => ({
  kind: 'merge',
  id: `m${(made += 1)}`,
  matchers: [],
  sources,
  target: cause(into),
})
const split = (source: string, where: readonly string[], into: string): CauseMove => ({
  ...merge([source], into),
  kind: 'split',
  matchers: parseMatchers(where),
})

const placed = (
  said: { readonly rules?: readonly CauseRule[]; readonly moves?: readonly CauseMove[] },
  home = '1',
  which = letter(),
): string => {
  const place = ruleSet({ version: 1, rules: said.rules ?? [], moves: said.moves ?? [] }).place(home, which)
  return place.kind === 'led' ? place.to.id : place.kind
}

test('a pattern is all of the text, a star any part of it', () => {
  for (const [pattern, text, is] of [
    ['a', 'a', true],
    ['a', 'ab', false],
    ['a*', 'ab', true],
    ['*b', 'ab', true],
    ['a*a', 'a', false],
    ['*', '', true],
    ['*no*slot*', 'there is no free slot left', true],
    ['*slot*no*', 'there is no free slot left', false],
    ['a*bc*c', 'abc', false],
    ['Time.ut', 'Timeout', false],
    ['**', 'x', true],
  ] as const)
    assert.equal(globMatches(pattern, text), is, `${pattern} on ${text}`)
})

test('a pattern says what the same regular expression says', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 12 })
  fc.assert(
    fc.property(text, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 }), (pattern, against) => {
      const regular = new RegExp(`^${pattern.replaceAll('*', '.*')}$`)
      assert.equal(globMatches(pattern, against), regular.test(against))
    }),
    { numRuns: 3_000 },
  )
})

test('a pattern of stars takes no time on a long text', () => {
  const began = performance.now()
  for (let n = 0; n < 50; n++) assert.equal(globMatches(`${'*a'.repeat(10)}*b`, 'a'.repeat(16_384)), false)
  assert.ok(performance.now() - began < 500)
})

test('conditions ask about class, message, frames, consumer, tier and headers', () => {
  for (const [where, is] of [
    ['class=InventoryError', true],
    ['class=Inventory', false],
    ['class=Inv*', true],
    ['message~slot', true],
    ['message~s*t', false],
    ['message=no slot*', true],
    ['frame~reserve.ts', true],
    ['frame=handle (*', true],
    ['frame=*reserve.ts:10:5)', true],
    ['frame~nowhere', false],
    ['consumer=reefer', true],
    ['tier=transient', true],
    ['tier=permanent', false],
    ['header:tenant', true],
    ['header:tenant=acme', true],
    ['header:tenant=second', true],
    ['header:tenant=other', false],
    ['header:Tenant', false],
    ['header:empty', true],
    ['reason~x', false],
  ] as const)
    assert.equal(matches([parseMatcher(where)], letter()), is, where)
})

test('what the store cannot hold is the same at capture and from the store', () => {
  const hostile = letter({ message: 'no\0slot \ud800', errorClass: 'A\0' })
  const stored = letter({ message: 'no\ufffdslot \ufffd', errorClass: 'A\ufffd' })
  for (const where of ['message=no?slot *', 'message~no\ufffdslot \ufffd', 'class=A\ufffd'])
    assert.equal(matches([parseMatcher(where)], hostile), matches([parseMatcher(where)], stored), where)
  assert.equal(matches([parseMatcher('class=A\ufffd')], hostile), true)
})

test('a letter without its bytes is judged only as far as it can be', () => {
  const bare = letter({ stack: undefined, headers: () => undefined })
  assert.equal(matches(parseMatchers(['frame~reserve']), bare), null)
  assert.equal(matches(parseMatchers(['header:tenant', 'class=Inv*']), bare), null)
  assert.equal(matches(parseMatchers(['header:tenant', 'class=Other']), bare), false)
  assert.equal(placed({ rules: [rule('r', ['header:tenant'])] }, '1', bare), 'unjudged')
  assert.equal(placed({ moves: [split('1', ['frame~reserve'], '2')] }, '1', bare), 'unjudged')
  assert.equal(placed({ moves: [merge(['1'], '2')] }, '1', bare), '2')
})

test('the first rule that matches counts, then merges and splits in the order they were made', () => {
  const [slot, all] = [rule('slot', ['message~slot']), rule('all', [])]
  const ofSlot = placed({ rules: [slot] })
  assert.equal(placed({ rules: [slot, all] }), ofSlot)
  assert.notEqual(placed({ rules: [all, slot] }), ofSlot)
  assert.equal(placed({ rules: [{ ...slot, queue: 'invoices' }] }), 'home')
  assert.equal(placed({ moves: [merge(['1'], '2'), merge(['2'], '3')] }), '3')
  assert.equal(placed({ moves: [merge(['2'], '3'), merge(['1'], '2')] }), '2', 'what was merged earlier is not seen')
  assert.equal(placed({ moves: [merge(['1'], '2'), merge(['2'], '1')] }), 'home')
  assert.equal(placed({ moves: [merge(['1'], '2'), split('2', ['header:tenant=acme'], '9')] }), '9')
  assert.equal(placed({ moves: [merge(['1'], '2'), split('2', ['header:tenant=zeta'], '9')] }), '2')
  assert.equal(placed({ rules: [slot], moves: [merge(['1'], '2')] }), ofSlot, 'a rule is asked before a merge')
  assert.equal(placed({ rules: [slot], moves: [merge([ofSlot], '2')] }), '2')
})

test('a rule has a cause for each queue, consumer, tier and value; what comes when there are enough shares one', () => {
  const per = rule('tenants', [], { per: 'header:tenant', values: new Set(['acme', 'zeta']) })
  const of = (tenant: string, more: Partial<LetterToPlace> = {}, which = per) =>
    placed({ rules: [which] }, '1', letter({ tenant, ...more }))
  const ids = [
    of('acme'),
    of('zeta'),
    of('acme', { tier: 'permanent' }),
    of('acme', { consumer: 'other' }),
    of('acme', { queue: { id: 2, name: 'invoices' } }),
    of('acme', { headers: () => [] }),
  ]
  assert.equal(new Set(ids).size, ids.length)
  assert.equal(of('new'), 'unknown-value')
  const full = { ...per, values: new Set(Array.from({ length: maxValues }, (_, n) => `t${n}`)) }
  assert.equal(of('new', {}, full), of('newer', {}, full))
  assert.notEqual(of('new', {}, full), of('t0', {}, full))
})

test('a title is filled in, is one line and is bounded; what stands for nothing is refused', () => {
  const title = (template: string, which = letter()) =>
    titleFrom(checkTitle(template), {
      letter: which,
      rule: 'slots',
      value: null,
      masked: new Map([['token', '[masked: secret name]']]),
    })
  assert.equal(
    title('{rule}: {class} in {queue} of {header:tenant}, {consumer}'),
    'slots: InventoryError in orders of acme, reefer',
  )
  assert.equal(title('{message}', letter({ message: 'a\nb\u202ec\u0007{class}' })), 'a b c {class}')
  assert.equal(title('{message}', letter({ message: 'x'.repeat(9_000) })).length, maxTitle)
  assert.equal(title('{reason}'), '–')
  assert.equal(title('by {header:token}'), 'by [masked: secret name]', 'whether it is there is not said either')
  for (const wrong of ['', ' ', '{nothing}', 'x'.repeat(maxTitle + 1), 'a\0'])
    assert.throws(() => checkTitle(wrong), { code: 'REQUEST_INVALID' }, wrong)
})

test('conditions that are none are refused', () => {
  for (const wrong of [
    '',
    'class',
    'class=',
    'body~x',
    'header:',
    'header:=x',
    'class=\0',
    `class=${'x'.repeat(400)}`,
    `class=${'*a'.repeat(11)}`,
    'tier=sometimes',
    'queue=orders',
  ])
    assert.throws(() => parseMatcher(wrong), { code: 'REQUEST_INVALID' }, wrong)
  assert.throws(() => parseMatchers(Array.from({ length: 11 }, () => 'class=A')), { code: 'REQUEST_INVALID' })
})
