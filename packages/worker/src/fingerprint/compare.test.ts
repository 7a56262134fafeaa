import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CauseIndex, FingerprintInput } from './index.ts'
import { createCauseIndex, fingerprint } from './index.ts'

function report(frames: readonly string[], rest: Partial<FingerprintInput> = {}): FingerprintInput {
  const message = rest.message ?? 'fetch failed'
  const lines = frames.map((frame) => {
    const [file, name] = frame.split('#')
    return `    at ${name} (/app/src/${file}.js:1:1)`
  })
  const stack = lines.length === 0 ? null : [`TypeError: ${message}`, ...lines].join('\n')
  return { queue: 'orders', consumer: 'reefer', errorClass: 'TypeError', message, stack, ...rest }
}

function assign(index: CauseIndex, input: FingerprintInput): string {
  return index.assign(fingerprint(input)).cause
}

const direct = ['http#send', 'ledger#post', 'orders#capture', 'worker#main']

test('one place is one cause, whatever the values, lines, folders and layers around it', () => {
  const index = createCauseIndex()
  const cause = assign(index, report(direct))
  assert.equal(
    assign(index, {
      ...report(direct),
      stack: (report(direct).stack ?? '').replaceAll('/app/', 'C:\\\\srv\\\\42\\\\').replaceAll(':1:1', ':7:3'),
    }),
    cause,
  )
  assert.equal(
    assign(index, report(['http#send', 'ledger#post', 'orders#capture', 'tracing#span', 'retry#again', 'worker#main'])),
    cause,
  )
})

test('the same error met by two handlers is two causes', () => {
  const index = createCauseIndex()
  assert.notEqual(
    assign(index, report(direct)),
    assign(index, report(['http#send', 'ledger#post', 'orders#refund', 'worker#main'])),
  )
})

test('404 and 503 from one line, and two missing keys, are two causes', () => {
  const index = createCauseIndex()
  const causes = ['status code 404', 'status code 503', 'no key "email"', 'no key "currency"'].map((message) =>
    assign(index, report(direct, { message })),
  )
  assert.equal(new Set(causes).size, 4)
})

test('queues, consumers and tiers never share a cause', () => {
  const index = createCauseIndex()
  const scopes = [{}, { queue: 'invoices' }, { consumer: 'billing' }, { tier: 'transient' as const }]
  assert.equal(new Set(scopes.map((scope) => assign(index, report(direct, scope)))).size, 4)
})

test('a letter without a stack joins the only cause that fits, whichever came first', () => {
  for (const order of [
    [direct, []],
    [[], direct],
  ]) {
    const index = createCauseIndex()
    const [first, second] = order.map((frames) => assign(index, report(frames)))
    assert.equal(first, second)
  }
})

test('a letter without a stack joins none of two, and is no bridge between them', () => {
  const index = createCauseIndex()
  const other = ['http#send', 'ledger#post', 'orders#refund', 'worker#main']
  const capture = assign(index, report(direct))
  const refund = assign(index, report(other))
  const bare = index.assign(fingerprint(report([])))
  assert.deepEqual(bare.placement, { kind: 'founds', because: 'ambiguous' })
  assert.equal(assign(index, report([])), bare.cause)
  assert.equal(assign(index, report(direct)), capture)
  assert.equal(assign(index, report(other)), refund)
  assert.notEqual(assign(index, report(['http#send', 'ledger#post', 'orders#cancel', 'worker#main'])), bare.cause)
})

test('what was cut off before the handler proves nothing about other handlers', () => {
  const index = createCauseIndex()
  const cut = {
    ...report(['http#send', 'ledger#post']),
    stack: `${report(['http#send', 'ledger#post']).stack}\n    at capt`,
  }
  const capture = assign(index, report(direct))
  assert.equal(assign(index, cut), capture)
  assert.notEqual(assign(index, report(['http#send', 'ledger#post', 'orders#refund', 'worker#main'])), capture)
})

test('an error and the same error inside a retry wrapper are one cause', () => {
  const index = createCauseIndex()
  const cause = assign(index, report(direct))
  const stack = `RetryError: job 17 gave up after 3 attempts\n    at cur (/app/src/retry.js:1:1)\nCaused by: ${report(direct).stack}`
  assert.equal(
    assign(index, report([], { errorClass: 'RetryError', message: 'job 17 gave up after 3 attempts', stack })),
    cause,
  )
})

test('two errors under one wrapper are two causes, and the wrapper alone belongs to neither', () => {
  const index = createCauseIndex()
  const wrapped = (inner: string): FingerprintInput =>
    report([], {
      errorClass: 'StoreError',
      message: 'not stored',
      stack: `StoreError: not stored\n    at put (/app/src/store.js:1:1)\nCaused by: Error: ${inner}\n    at write (/app/src/store.js:2:1)`,
    })
  assert.notEqual(assign(index, wrapped('disk full')), assign(index, wrapped('no such bucket')))
  const alone = index.assign(fingerprint(report([], { errorClass: 'StoreError', message: 'not stored' })))
  assert.deepEqual(alone.placement, { kind: 'founds', because: 'ambiguous' })
})

test('a renamed helper stays one cause, another helper of the same handler is another', () => {
  const way = (helper: string): string[] => [`store#${helper}`, 'store#onOrder', 'worker#main']
  const index = createCauseIndex()
  const cause = assign(index, report(way('insert')))
  assert.equal(assign(index, report(way('insertOrder'))), cause)
  assert.notEqual(assign(index, report(way('loadRates'))), cause)
})

test('a source map without names joins by file, two handlers in that file keep it out', () => {
  const index = createCauseIndex()
  const cause = assign(index, report(['remote#profile', 'worker#main']))
  assert.equal(assign(index, report(['remote#Nl', 'worker#nu'])), cause)
  assign(index, report(['remote#stock', 'worker#main']))
  assert.notEqual(assign(index, report(['remote#Xy', 'worker#qq', 'worker#zz'])), cause)
})

test('the reason stands in for an error, and nothing for nothing', () => {
  const none = { queue: 'q', consumer: null, errorClass: null, message: null, stack: null }
  const expired = fingerprint({ ...none, reason: 'expired' })
  assert.equal(expired.basis, 'reason')
  assert.notEqual(expired.key, fingerprint({ ...none, reason: 'rejected' }).key)
  assert.equal(fingerprint(none).basis, 'nothing')
})

test('an index filled from what was stored decides like the one that stored it', () => {
  const first = createCauseIndex()
  const second = createCauseIndex()
  for (const input of [report(direct), report([]), report(['http#send', 'orders#refund', 'worker#main'])]) {
    const found = fingerprint(input)
    second.learn(found.scope, first.assign(found).cause, found.key, JSON.parse(JSON.stringify(found.shape)))
  }
  for (const input of [
    report(direct),
    report([]),
    report(['http#send', 'orders#refund', 'retry#again', 'worker#main']),
  ]) {
    assert.equal(assign(second, input), assign(first, input))
  }
})
