import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { listCauses, lookAtCause } from '../src/causes/index.ts'
import { examine, type Finding, findingCodes } from '../src/doctor/index.ts'
import type { SourceExpiry } from '../src/expiry/index.ts'
import type { CaptureView, OfficeServices } from '../src/http/route.ts'
import { discardLetters } from '../src/letters/index.ts'
import { documentQueue } from '../src/queues/index.ts'
import { cancelRun, pauseRun, resumeRun } from '../src/replay/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { openedStore } from '../src/testing/opened-store.ts'
import { commandLine } from './command-line.ts'
import { type OfficeBed, officeBed, uuidOf } from './office-bed.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

type Parts = Partial<Pick<OfficeServices, 'captures' | 'disk' | 'expiry'>>

const captureOf = (place: string, more: Partial<CaptureView> = {}): CaptureView => ({
  broker: 'memory',
  place,
  role: place === 'redrive-receipts' ? 'receipts' : 'dead-letter',
  state: 'running',
  reason: null,
  letters: 0,
  receipts: 0,
  ...more,
})
const allCaptured = (): readonly CaptureView[] => [captureOf('orders-dead-letter'), captureOf('redrive-receipts')]

interface Diagnosis {
  readonly findings: readonly Finding[]
  readonly checked: readonly { readonly code: string; readonly found: number }[]
}

/** What the doctor says over HTTP, so much later. */
async function doctor(
  bed: OfficeBed,
  options: Parts & { readonly laterMs?: number; readonly query?: string } = {},
): Promise<Diagnosis> {
  const { laterMs = 0, query = '', captures = allCaptured, disk, expiry } = options
  const clock = { now: () => Date.now() + laterMs, monotonic: () => performance.now(), sleep: async () => undefined }
  const { server, token } = await bed.http({
    clock: clock as never,
    captures,
    ...(disk === undefined ? {} : { disk }),
    ...(expiry === undefined ? {} : { expiry }),
  })
  const response = await fetch(`${server.url}/api/v1/doctor${query}`, { headers: { authorization: `Bearer ${token}` } })
  assert.equal(response.status, 200)
  return (await response.json()) as Diagnosis
}

async function found(
  bed: OfficeBed,
  code: string,
  options: Parameters<typeof doctor>[1] = {},
): Promise<readonly Finding[]> {
  const { findings, checked } = await doctor(bed, options)
  const own = findings.filter((finding) => finding.code === code)
  assert.equal(checked.find((each) => each.code === code)?.found, own.length)
  return own
}

const complete = {
  owner: 'team-reefer',
  contact: '#reefer',
  source: 'the shop',
  success: 'orders ship',
  failure: 'orders wait',
  runbook: 'https://wiki/orders',
  key: 'customer',
  'tiers.transient.process': 'wait, then replay',
}
const said = (bed: OfficeBed, fields: Readonly<Record<string, string | null>>, queue = 'orders'): Promise<void> =>
  documentQueue(bed.store, { queue, fields, by: 'ann', reason: null })

/** An office in which nothing is wrong: one letter, its queue documented, all of it captured. */
async function fineBed(t: TestContext): Promise<OfficeBed> {
  const bed = await officeBed(t)
  await bed.captured({})
  await said(bed, complete)
  return bed
}

const forEver: SourceExpiry = {
  broker: 'memory',
  place: 'orders-dead-letter',
  askedAtMs: 0,
  why: null,
  emptyAtMs: 0,
  expiry: {
    waiting: 0,
    oldestEndsAtMs: null,
    gone: 0,
    keeps: { ageMs: null, messages: null, bytes: null, unusedMs: null, isCompacted: false, longer: '' },
  },
}

test('where nothing is wrong it says so, and what was looked at', async (t) => {
  const bed = await fineBed(t)
  const disk = { space: async () => ({ freeBytes: 1e12, minFreeBytes: 5e8 }) }
  const { findings, checked } = await doctor(bed, { disk, expiry: () => [forEver] })
  assert.deepEqual(findings, [])
  assert.deepEqual(
    checked.map(({ code, found: number }) => [code, number]),
    findingCodes.map((code) => [code, 0]),
  )
  assert.ok(
    !(await doctor(bed)).checked.some(({ code }) => code === 'disk-nearly-full'),
    'not looked at where it is not known',
  )
  assert.ok(!(await doctor(bed)).checked.some(({ code }) => code.startsWith('source-expir')))
  const [unasked] = (await doctor(bed, { expiry: () => [] })).findings
  assert.deepEqual([unasked?.code, unasked?.severity], ['source-expiry-unknown', 'advice'])
  assert.equal(unasked?.place, 'orders-dead-letter on memory')
})

test('what it calls fine is what it looked at: not that nobody waits to be looked at, nor that what is undocumented has an owner', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  const { server, token } = await bed.http({ captures: allCaptured, expiry: () => [] })
  const { out } = await commandLine({ url: server.url, token })('doctor')
  assert.match(out, /^warning orders: nothing is said of it; .* {2}queue-undocumented$/m)
  assert.match(out, /^advice .* {2}source-expiry-unknown$/m)
  const [, fine = ''] = /^Looked at and fine: (.*)\.$/m.exec(out) ?? []
  const all = fine.split('; ')
  for (const said of [
    'no cause with open letters has waited for a day to be looked at',
    'every queue of which something is said has an owner',
    'every queue of which something is said has a runbook',
    'no source is known to keep letters for less than three days',
  ])
    assert.ok(all.includes(said), `${said}\n${fine}`)
  assert.doesNotMatch(
    fine,
    /looked at every cause|every queue has (?:an owner|a runbook)|is complete|every source keeps/,
  )
})

test('books that do not balance are a problem', async (t) => {
  const bed = await fineBed(t)
  assert.deepEqual(await found(bed, 'books-unbalanced'), [])
  await bed.store.pool.query(`update letter set state = 'discarded'`)
  const [finding] = await found(bed, 'books-unbalanced')
  assert.equal(finding?.severity, 'problem')
  assert.match(finding?.what ?? '', /^1 letter unaccounted for/)
})

test('a source in trouble is a problem; one that was captured before and is not any more a warning', async (t) => {
  const bed = await fineBed(t)
  assert.deepEqual([...(await found(bed, 'source-in-trouble')), ...(await found(bed, 'source-not-captured'))], [])
  const paused = () => [
    captureOf('orders-dead-letter', { state: 'paused', reason: 'broker: away' }),
    captureOf('redrive-receipts'),
  ]
  const [trouble] = await found(bed, 'source-in-trouble', { captures: paused })
  assert.equal(trouble?.severity, 'problem')
  assert.match(`${trouble?.what} ${trouble?.why}`, /orders-dead-letter on memory .*broker: away/)
  const [left, ...more] = await found(bed, 'source-not-captured', { captures: () => [captureOf('redrive-receipts')] })
  assert.deepEqual([left?.severity, more.length], ['warning', 0])
  assert.match(`${left?.what} ${left?.why}`, /^orders-dead-letter on memory was read before.* 1 letter came from it/)
})

test('an office that reads nothing at all is told so', async (t) => {
  const store = await openedStore(t)
  const codes = async (captures: readonly CaptureView[]): Promise<readonly string[]> => {
    const office = { unaccounted: 0, captures, disk: null, olderThanDays: 7, nowMs: Date.now() }
    return (await examine(store, office)).findings.map(({ code }) => code)
  }
  assert.deepEqual(await codes([]), ['nothing-captured'])
  assert.deepEqual(await codes([captureOf('redrive-receipts')]), ['nothing-captured'])
  assert.deepEqual(await codes(allCaptured()), [])
})

test('a disk that is nearly full is a warning, a full one a problem', async (t) => {
  const bed = await fineBed(t)
  const disk = (freeBytes: number): Parts => ({ disk: { space: async () => ({ freeBytes, minFreeBytes: 100 }) } })
  const severity = async (freeBytes: number): Promise<string | undefined> =>
    (await found(bed, 'disk-nearly-full', disk(freeBytes)))[0]?.severity
  assert.deepEqual([await severity(400), await severity(399), await severity(99)], [undefined, 'warning', 'problem'])
})

test('queues without documentation, owner or runbook are named, with what is missing and the command', async (t) => {
  const bed = await fineBed(t)
  await bed.captured({ queue: 'bills' })
  const codes = async (): Promise<readonly string[]> =>
    (await doctor(bed)).findings
      .filter(({ queue }) => queue === 'bills')
      .map(({ code, severity }) => `${code} ${severity}`)
  const [nothing] = await found(bed, 'queue-undocumented')
  assert.equal(nothing?.queue, 'bills')
  assert.match(nothing?.what ?? '', /missing: owner, contact, source, success, failure, runbook, key$/)
  assert.match(nothing?.next ?? '', /^redrive queue document --owner … .*--key … bills$/)
  await said(bed, { key: 'invoice' }, 'bills')
  assert.deepEqual(await codes(), [
    'tier-without-process warning',
    'queue-without-owner warning',
    'queue-without-runbook warning',
    'queue-documented-in-part advice',
  ])
  assert.equal((await found(bed, 'queue-without-owner'))[0]?.next, 'redrive queue document --owner … bills')
  await discardLetters(bed.store, { selection: { query: 'queue:bills' }, by: 'ann', reason: 'test', nowMs: Date.now() })
  assert.deepEqual(
    await codes(),
    ['queue-without-owner advice', 'queue-without-runbook advice', 'queue-documented-in-part advice'],
    'less urgent where nothing waits',
  )
  await said(bed, complete, 'bills')
  assert.deepEqual(await codes(), [])
})

test('a tier with open letters wants a process; without open letters it does not', async (t) => {
  const bed = await fineBed(t)
  assert.deepEqual(await found(bed, 'tier-without-process'), [])
  await bed.captured({ tier: 'permanent' }, { tier: 'permanent' })
  const [finding, ...more] = await found(bed, 'tier-without-process')
  assert.equal(more.length, 0)
  assert.deepEqual(
    [finding?.queue, finding?.what, finding?.why, finding?.next],
    [
      'orders',
      'nobody says what to do with permanent letters',
      '2 letters of it are open',
      'redrive queue document --tier permanent --urgency … --process … orders',
    ],
  )
  await discardLetters(bed.store, {
    selection: { query: 'tier:permanent' },
    by: 'ann',
    reason: 'test',
    nowMs: Date.now(),
  })
  assert.deepEqual(await found(bed, 'tier-without-process'), [])
})

test('letters that are open for long and touched by nobody are counted, with the oldest', async (t) => {
  const bed = await fineBed(t)
  const later = { laterMs: 8 * dayMs }
  assert.deepEqual(await found(bed, 'letters-untouched'), [])
  const [finding] = await found(bed, 'letters-untouched', later)
  assert.match(finding?.what ?? '', /^1 letter open for more than 7 days, and nobody touched them/)
  assert.match(finding?.why ?? '', /the oldest is l_[0-9a-z]{26}, of 20\d\d-/)
  assert.equal(finding?.next, 'redrive causes --open --queue orders')
  assert.deepEqual(await found(bed, 'letters-untouched', { ...later, query: '?olderThanDays=9' }), [])
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }))
  await cancelRun(bed.store, { run: uuidOf(id), by: 'ann', reason: null })
  assert.deepEqual(await bed.states(), { open: 1 })
  assert.deepEqual(await found(bed, 'letters-untouched', later), [], 'somebody ran it')
})

test('a cause that nobody looked at for a day is named, until somebody does', async (t) => {
  const bed = await fineBed(t)
  const { causes } = await listCauses(bed.store, { state: 'new' })
  const later = { laterMs: 1.1 * dayMs }
  assert.equal(causes.length, 1)
  assert.deepEqual(await found(bed, 'cause-unopened'), [])
  const [finding] = await found(bed, 'cause-unopened', later)
  assert.deepEqual(
    [finding?.queue, finding?.severity, finding?.what, finding?.next],
    [
      'orders',
      'warning',
      '1 cause that nobody looked at for more than a day',
      'redrive causes --state new --queue orders',
    ],
  )
  await lookAtCause(bed.store, { cause: causes[0]?.id ?? '', by: 'ann' })
  assert.deepEqual(await found(bed, 'cause-unopened', later), [])
})

test('uncertain letters wait for a person once nobody looks for them any more', async (t) => {
  const bed = await fineBed(t)
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }))
  assert.deepEqual(await found(bed, 'uncertain-waiting'), [])
  const looked = async (lookAt: string | null): Promise<void> => {
    await bed.store.pool.query(`delete from intent`)
    await bed.store.pool.query(
      `insert into intent (run_id, from_ordinal, to_ordinal, noted_at, results, uncertain, look_at) values ($1, 0, 1, now(), 'u', 1, $2)`,
      [uuidOf(id), lookAt],
    )
  }
  await bed.store.pool.query(`update letter set state = 'uncertain', revision = revision + 1`)
  await bed.store.pool.query(
    `with t as (select gen_random_uuid() as id) insert into ledger_entry (transfer, queue_id, account, letters, what)
     select t.id, q.id, a, n, 'test' from t, queue q, (values ('replaying', -1), ('uncertain', 1)) v (a, n)`,
  )
  await looked('2999-01-01')
  assert.deepEqual(await found(bed, 'uncertain-waiting'), [], 'it is still looked for')
  await looked(null)
  const [finding] = await found(bed, 'uncertain-waiting')
  assert.deepEqual(
    [finding?.queue, finding?.what, finding?.next],
    ['orders', "1 uncertain letter waits for somebody's decision", 'redrive uncertain list --queue orders'],
  )
  await bed.store.pool.query(`update queue set uncertain = 'resend-marked'`)
  assert.deepEqual(await found(bed, 'uncertain-waiting'), [], 'its queue decides by itself')
})

test('a run that is stopped for more than an hour is named; one that goes on or was stopped just now is not', async (t) => {
  const bed = await fineBed(t)
  await bed.captured({}, {})
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }))
  const decision = { run: uuidOf(id), by: 'ann', reason: 'lunch' }
  const later = { laterMs: 1.1 * hourMs }
  assert.deepEqual(await found(bed, 'run-stopped', later), [], 'it runs')
  await pauseRun(bed.store, decision)
  assert.deepEqual(await found(bed, 'run-stopped', { laterMs: 0.9 * hourMs }), [])
  const [finding] = await found(bed, 'run-stopped', later)
  assert.match(
    `${finding?.what}; ${finding?.why}`,
    new RegExp(`^the run ${id} of test is paused since 1 h, with 3 letters unsent; paused by ann: lunch`),
  )
  assert.ok(finding?.next.startsWith(`redrive replay watch ${id}`))
  await resumeRun(bed.store, decision)
  assert.deepEqual(await found(bed, 'run-stopped', later), [])
})

test('held letters are named when their line does not move, and why', async (t) => {
  const bed = await fineBed(t)
  const [first = '', second = ''] = await bed.captured({ key: 'k' }, { key: 'k' })
  await bed.store.pool.query(`update letter set state = 'held' where id = $1`, [second])
  await bed.store.pool.query(
    `insert into key_line (queue_id, consumer, key, look_at) select id, 'reefer', 'k', now() from queue`,
  )
  await bed.store.pool.query(
    'insert into letter_line (letter_id, line_id, at) select l, k.id, n from key_line k, unnest($1::uuid[]) with ordinality as u (l, n)',
    [[first, second]],
  )
  const stuck = async (laterMs: number): Promise<string | undefined> => {
    const [finding] = await found(bed, 'line-stuck', { laterMs })
    return finding === undefined ? undefined : `${finding.what}: ${finding.why}`
  }
  assert.equal(await stuck(0), undefined)
  assert.equal(await stuck(6 * dayMs), undefined, 'a person may take so long')
  assert.match(
    (await stuck(8 * dayMs)) ?? '',
    /^1 held letter in 1 line that does not move: they follow l_\w+, which is open since 8 days$/,
  )
  await discardLetters(bed.store, {
    selection: { query: `letter:${showLetterId(first)}` },
    by: 'ann',
    reason: 'x',
    nowMs: Date.now(),
  })
  assert.equal(await stuck(0.5 * hourMs), undefined)
  assert.match(
    (await stuck(1.5 * hourMs)) ?? '',
    /the worker could not be told of a discard: its broker is not connected$/,
  )
  await bed.store.pool.query('update release_notice set sent_at = now()')
  assert.equal(await stuck(1.5 * hourMs), undefined)
  assert.match(
    (await stuck(3 * hourMs)) ?? '',
    /nothing unresolved is known before l_\w+, and yet it was not released for 3 hours$/,
  )
  await bed.store.pool.query(`update letter set state = 'replaying' where id = $1`, [second])
  assert.equal(await stuck(8 * dayMs), undefined, 'it is on its way')
  await bed.store.pool.query(`update letter set state = 'open' where id = $1`, [second])
  assert.equal(await stuck(8 * dayMs), undefined, 'nobody waits')
})

test('whoever invents queues does not bury what else is found', async (t) => {
  const bed = await fineBed(t)
  await bed.store.pool.query(
    `insert into queue (name, broker, system, place) select 'invented ' || n, 'memory', 'memory', 'p' || n from generate_series(1, 300) n`,
  )
  await bed.store.pool.query(`update letter set state = 'discarded'`)
  const { findings, checked } = await doctor(bed)
  assert.equal(findings[0]?.code, 'books-unbalanced')
  assert.equal(findings.filter(({ code }) => code === 'queue-undocumented').length, 50)
  assert.equal(checked.find(({ code }) => code === 'queue-undocumented')?.found, 300)
})

test('what waits is listed before what is only advice of the same, however many there are', async (t) => {
  const bed = await fineBed(t)
  await bed.store.pool.query(
    `insert into queue (name, broker, system, place) select 'invented ' || n, 'memory', 'memory', 'p' || n from generate_series(1, 60) n`,
  )
  await bed.captured({ queue: 'zz' })
  const { findings, checked } = await doctor(bed)
  const own = findings.filter(({ code }) => code === 'queue-undocumented')
  assert.deepEqual([own[0]?.queue, own[0]?.severity, own.length], ['zz', 'warning', 50])
  assert.equal(checked.find(({ code }) => code === 'queue-undocumented')?.found, 61)
})

test('on the command line: findings with what to type, 10 where --fail-on says so, and what was fine', async (t) => {
  const bed = await fineBed(t)
  const { server, token } = await bed.http({ captures: allCaptured })
  const redrive = commandLine({ url: server.url, token })
  const fine = await redrive('doctor', '--fail-on', 'advice')
  assert.equal(fine.code, 0, fine.err)
  assert.match(fine.out, /^Nothing found\.\nLooked at and fine: the books balance; no source is in trouble; /)
  await said(bed, { key: null })
  assert.equal((await redrive('doctor', '--fail-on', 'warning')).code, 0)
  const advice = await redrive('doctor', '--fail-on', 'advice')
  assert.equal(advice.code, 10)
  assert.match(
    advice.out,
    /^advice {2}orders: missing: key {2}queue-documented-in-part\n {8}1 letter waits in it\n {8}next: redrive queue document --key … orders\n/,
  )
  assert.match(advice.err, /^reached: /)
  await bed.captured({ tier: 'timeout' })
  assert.equal((await redrive('doctor')).code, 0)
  assert.equal((await redrive('doctor', '--fail-on', 'problem')).code, 0)
  assert.equal((await redrive('doctor', '--fail-on', 'warning')).code, 10)
  const json = JSON.parse((await redrive('doctor', '--json')).out) as Diagnosis
  assert.deepEqual(
    json.findings.map(({ code }) => code),
    ['tier-without-process', 'queue-documented-in-part'],
  )
  for (const wrong of [
    ['--fail-on', 'x'],
    ['--older-than', '0'],
  ])
    assert.equal((await redrive('doctor', ...wrong)).code, 2)
})
