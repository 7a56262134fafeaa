import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Header } from '@redrive/worker'
import { Check } from 'typebox/value'
import { listCauses } from '../src/causes/index.ts'
import { inCommonRoutes } from '../src/http/routes/in-common.ts'
import { type Common, inCommon } from '../src/in-common/index.ts'
import { rank } from '../src/in-common/rank.ts'
import { readLetters } from '../src/in-common/read-letters.ts'
import { TokenCounts } from '../src/in-common/token-counts.ts'
import { commandLine, type Ended } from './command-line.ts'
import { type DeadLetter, type OfficeBed, officeBed } from './office-bed.ts'

const header = (name: string, value: string): Header => ({ name, value: Buffer.from(value) })
const times = (count: number, make: (n: number) => DeadLetter): DeadLetter[] =>
  Array.from({ length: count }, (_, n) => make(n))

/** Thirty invoices without a rate, among eighty letters that died of a broken connection. Their bodies, headers and releases differ as said. */
function planted(): DeadLetter[] {
  const body = (n: number, region: string, more = {}): string =>
    JSON.stringify({ orderId: `ord-${n}`, region, items: [{ sku: `s-${n % 3}` }], ...more })
  return [
    ...times(30, (n) => ({
      errorClass: 'TaxRateMissing',
      error: 'no rate for the region',
      stack: null,
      tier: 'permanent',
      release: '2.41.0',
      host: 'billing-3',
      key: `cust-${n}`,
      headers: [header('tenant', n < 24 ? 'acme' : 'globex')],
      body: body(n, 'CH-ZH'),
    })),
    ...times(80, (n) => ({
      errorClass: 'ConnectionRefused',
      error: 'connect ECONNREFUSED',
      stack: null,
      tier: 'transient',
      release: n % 8 === 0 ? '2.41.0' : '2.40.0',
      host: `billing-${n % 4}`,
      key: `cust-${n}`,
      headers: [header('tenant', ['acme', 'globex', 'initech', 'umbrella'][n % 4] ?? ''), header('coupon', `c-${n}`)],
      body: body(n, ['DE', 'FR', 'IT'][n % 3] ?? '', { vat: 19 }),
    })),
  ]
}

async function causeOf(bed: OfficeBed, title: string): Promise<string> {
  const { causes } = await listCauses(bed.store)
  return causes.find((cause) => cause.title.startsWith(title))?.id ?? assert.fail(`no cause ${title}`)
}

const line = ({ facet, what, value }: Pick<Common, 'facet' | 'what' | 'value'>): string =>
  `${facet} ${what}${value === null ? '' : ` ${value}`}`

test('a cause tells what sets its letters apart, and what the same letters have in one line', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...planted())
  const cause = await causeOf(bed, 'TaxRateMissing')
  const found = await inCommon(bed.store, { of: { cause }, nowMs: Date.now() })
  assert.equal(found.verdict, 'found')
  const [first, ...rest] = found.common
  assert.equal(first && line(first), 'header:coupon missing')
  assert.deepEqual(
    [first?.inSet, first?.others],
    [
      { with: 30, of: 30 },
      { with: 0, of: 80 },
    ],
  )
  assert.deepEqual(first?.also.map(line), ['body:/region is "CH-ZH"', 'body:/vat missing'])
  assert.deepEqual(
    rest.map((one) => [line(one), one.inSet.with, one.others.with]),
    [
      ['release is 2.41.0', 30, 10],
      ['host is billing-3', 30, 20],
      ['header:tenant is acme', 24, 20],
    ],
  )
  const { set, others } = found
  assert.deepEqual([set.letters, set.looked, set.complete, others.letters, others.looked], [30, 30, true, 80, 80])
  assert.deepEqual(found.queues, ['orders'])
  assert.ok(found.leftOut.includes('error class') && found.leftOut.includes('hour of day (UTC)'))
  const from = (set.first?.getTime() ?? 0) - 86_400_000
  assert.deepEqual([others.from?.getTime(), others.to?.getTime()], [from, (set.last?.getTime() ?? 0) + 86_400_000])
})

test('a query tells the same, in any state, and leaves out what it chose by', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured(...planted())
  await bed.store.pool.query(`update letter set state = 'discarded' where id = any($1::uuid[])`, [ids.slice(0, 20)])
  const ask = (query: string) => inCommon(bed.store, { of: { query }, nowMs: Date.now() })
  const byError = await ask('error:TaxRateMissing')
  assert.equal(byError.set.letters, 30)
  assert.ok(byError.common.some((one) => line(one) === 'release is 2.41.0'))
  assert.deepEqual(byError.leftOut, ['error class', 'hour of day (UTC)'])
  const byRelease = await ask('release:2.41.0')
  assert.deepEqual([byRelease.set.letters, byRelease.others.letters], [40, 70])
  const facets = byRelease.common.flatMap(({ facet, also }) => [facet, ...also.map((one) => one.facet)])
  assert.deepEqual([facets.includes('release'), facets.includes('body:/region')], [false, true])
  assert.equal((await ask('error:TaxRateMissing state:open')).set.letters, 10)
  assert.equal((await ask('queue:orders')).verdict, 'no-others')
  assert.equal((await ask('release:9')).verdict, 'too-few')
  await assert.rejects(ask('  '), { code: 'REQUEST_INVALID' })
  await assert.rejects(ask('nofield:x'), { code: 'QUERY_INVALID' })
  const cause = { cause: 'c_0000000000000' }
  await assert.rejects(inCommon(bed.store, { of: cause, nowMs: 0 }), { code: 'NOT_FOUND' })
})

test('other queues are no others', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(
    ...times(10, () => ({ queue: 'invoices', release: '1', errorClass: 'Alpha', stack: null })),
    ...times(10, () => ({ queue: 'orders', release: '2', errorClass: 'Beta', stack: null })),
  )
  const found = await inCommon(bed.store, { of: { cause: await causeOf(bed, 'Beta') }, nowMs: Date.now() })
  assert.deepEqual([found.verdict, found.set.letters, found.others.letters], ['no-others', 10, 0])
})

test('when too much is said, bodies are not looked into, and that raises no alarm', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured(...times(60, (n) => ({ body: JSON.stringify({ a: n % 3 }) })))
  const counts = new TokenCounts()
  const cut = await readLetters(bed.store.pool, ids.slice(0, 30), { side: 'set', counts, maxWork: 10_000 })
  const whole = await readLetters(bed.store.pool, ids.slice(30), { side: 'others', counts })
  assert.deepEqual([cut.letters, whole.letters, whole.bodies], [30, 30, 30])
  assert.ok(cut.bodies > 0 && cut.bodies < 20, String(cut.bodies))
  assert.deepEqual(counts.read('body'), { set: cut.bodies, others: 30 })
  assert.deepEqual(rank(counts, new Set(['service'])).common, [])
})

async function desk(
  t: TestContext,
  letters: readonly DeadLetter[],
): Promise<{ readonly bed: OfficeBed; readonly run: (...args: readonly string[]) => Promise<Ended> }> {
  const bed = await officeBed(t)
  const { server, token } = await bed.http()
  await bed.captured(...letters)
  return { bed, run: commandLine({ url: server.url, token }) }
}

test('the command line shows a table, what was compared and what to do next', async (t) => {
  const { bed, run } = await desk(t, planted())
  const cause = await causeOf(bed, 'TaxRateMissing')
  const shown = await run('cause', 'common', cause)
  assert.equal(shown.code, 0, shown.err)
  const [title, first, second] = shown.out.split('\n')
  assert.equal(title, 'FACET\tVALUE\tHERE\tOTHERS\tAT LEAST\tTHE SAME LETTERS')
  assert.match(
    first ?? '',
    /^header:coupon\tmissing\t100 % \(30 of 30\)\t0 % \(0 of 80\)\t\+8\d\tbody:\/region = "CH-ZH", body:\/vat missing$/,
  )
  assert.match(second ?? '', /^release\t= 2\.41\.0\t100 % \(30 of 30\)\t1[23] % \(10 of 80\)\t/)
  assert.match(
    shown.err,
    /^Compared: 30 letters with 80 letters that are not like that, of the queue orders, captured /,
  )
  assert.match(shown.err, /at most 5 % over all \d+ comparisons/)
  const query = await run('common', 'release:2.41.0', 'tier:permanent', '--json')
  const answer = JSON.parse(query.out) as { verdict: string; set: { letters: number } }
  for (const { schemas } of inCommonRoutes) assert.ok(Check(schemas.answer ?? {}, answer), 'as its schema says')
  assert.deepEqual([answer.verdict, answer.set.letters], ['found', 30])
  assert.match((await run('common', 'release:9')).err, /^No letter is like that\.$/m)
  assert.match((await run('common', 'nofield:x')).err, /there is no field "nofield"/)
  assert.match((await run('common', ' ')).err, /An empty query does not mean everything/)
  assert.match((await run('common', 'queue:orders')).err, /nothing to compare with/)
  assert.match((await run('common', 'key:cust-1')).err, /At least 5 letters are needed/)
  const alike = await run('common', 'host:billing-0')
  assert.equal(alike.code, 0)
  assert.equal((await run('cause', 'common', 'c_0000000000000')).code, 6)
})

test('what letters say can neither move a terminal nor pass for something else', async (t) => {
  const evil = '\u001b[2J\u202e\u0000missing\ud800'
  const hostile = (n: number): DeadLetter => ({
    errorClass: 'Evil',
    stack: null,
    headers: [
      header(`x${evil.toWellFormed()}`, evil),
      ...Array.from({ length: 60 }, (_, i) => header(`n${n}-${i}`, 'x')),
    ],
    body: JSON.stringify({ __proto__: null, [`a\n${evil}`]: evil, ['__proto__x']: { deep: [[[[[[[[[[evil]]]]]]]]]] } }),
  })
  const { bed, run } = await desk(t, [
    ...times(12, hostile),
    { errorClass: 'Evil', stack: null, body: '['.repeat(40_000) },
    ...times(30, () => ({ errorClass: 'Plain', stack: null })),
  ])
  const shown = await run('cause', 'common', await causeOf(bed, 'Evil'))
  assert.equal(shown.code, 0, shown.err)
  assert.match(shown.out, /\\u\{1b\}\[2J\\u\{202e\}/)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested
  assert.doesNotMatch(shown.out + shown.err, /[\u0000-\u0008\u000b-\u001f\u202e]/)
  assert.match(shown.err, /Compared: 13 letters \(1 whose body was not looked into\) with 30 letters/)
  assert.equal(({} as { deep?: unknown }).deep, undefined)
})
