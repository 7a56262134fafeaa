import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAudit } from '../src/audit/index.ts'
import {
  acknowledgeCause,
  assignCause,
  causeHistory,
  commentOnCause,
  fixCause,
  followCauses,
  linkCause,
  listCauses,
  lookAtCause,
  ownCause,
  reopenCause,
  showCause,
  showLife,
  snoozeCause,
  unlinkCause,
  watchCauses,
} from '../src/causes/index.ts'
import { documentQueue } from '../src/queues/index.ts'
import { type OfficeBed, officeBed, until } from './office-bed.ts'

async function onlyCause(bed: OfficeBed): Promise<string> {
  const { causes } = await listCauses(bed.store)
  assert.equal(causes.length, 1)
  return causes[0]?.id ?? ''
}

const stateOf = async (bed: OfficeBed, cause: string): Promise<string> => (await showLife(bed.store, cause)).state

test('new, looked at, acknowledged, snoozed, fixed, reopened: who, when and why is kept, in the history and in the audit trail', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  const { store } = bed
  const cause = await onlyCause(bed)
  const by = 'ann'
  assert.equal(await stateOf(bed, cause), 'new')
  await showCause(store, cause)
  assert.equal(await stateOf(bed, cause), 'new', 'looking at it by reading changes nothing')
  await lookAtCause(store, { cause, by })
  assert.equal(await stateOf(bed, cause), 'open')
  await lookAtCause(store, { cause, by: 'bob' })
  await acknowledgeCause(store, { cause, by, note: 'the shop is down' })
  await acknowledgeCause(store, { cause, by: 'bob', note: ' ' })
  await snoozeCause(store, { cause, by, reason: 'no shop before Monday', letters: 100, forSeconds: 86_400 })
  await fixCause(store, { cause, by, release: '1.4.1', note: 'OPS-17' })
  await reopenCause(store, { cause, by, reason: 'wrong cause' })
  const { events, next } = await causeHistory(store, { cause, limit: 50 })
  assert.equal(next, null)
  assert.deepEqual(
    events.toReversed().map(({ by, what, was, became, said, revision }) => [by, what, was, became, said, revision]),
    [
      ['ann', 'look', 'new', 'open', null, 2],
      ['ann', 'acknowledge', 'open', 'acknowledged', 'the shop is down', 3],
      ['bob', 'acknowledge', 'acknowledged', 'acknowledged', null, 4],
      ['ann', 'snooze', 'acknowledged', 'snoozed', 'no shop before Monday', 5],
      ['ann', 'fix', 'snoozed', 'fixed', 'OPS-17', 6],
      ['ann', 'reopen', 'fixed', 'open', 'wrong cause', 7],
    ],
  )
  const audit = await listAudit(store, { limit: 50 })
  assert.deepEqual(
    audit.map(({ actor, action, target, reason }) => [actor, action, target, reason]),
    events.map(({ by, what, said }) => [by, `cause.${what}`, cause, said]),
  )
  const page = await causeHistory(store, { cause, limit: 2, what: 'acknowledge' })
  assert.deepEqual(
    page.events.map(({ by }) => by),
    ['bob', 'ann'],
  )
  assert.equal((await store.pool.query('select from cause_watch')).rowCount, 0, 'it waits for nothing any more')
})

test('a snooze ends by the first that is met: its time, so many more letters, a release that fails', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured({ release: '1.6.0' }, { release: '1.4.0' })
  const cause = await onlyCause(bed)
  const snooze = (wanted: Partial<Parameters<typeof snoozeCause>[1]>): Promise<void> =>
    snoozeCause(store, { cause, by: 'ann', reason: 'known', ...wanted })
  const wokenBy = async (): Promise<unknown> => {
    await followCauses(store)
    const { state, stateBy } = await showLife(store, cause)
    return state === 'snoozed' ? null : [state, stateBy?.by, stateBy?.said, stateBy?.details['by']]
  }

  await snooze({ letters: 2, release: '1.5', forSeconds: 3_600 })
  assert.equal(await wokenBy(), null)
  await bed.captured({ release: '1.4.9' })
  assert.equal(await wokenBy(), null)
  assert.deepEqual((await showLife(store, cause)).waits?.came, 1)
  await bed.captured({ release: '1.4.9' })
  assert.deepEqual(await wokenBy(), ['open', 'office', '2 more letters have come', 'letters'])

  await snooze({ letters: 50, release: '1.5', forSeconds: 3_600 })
  await bed.captured({ release: '1.4.9' })
  assert.equal(await wokenBy(), null, '1.6.0 had failed before, 1.4.9 is older')
  await bed.captured({ release: '1.6.0' })
  assert.deepEqual(await wokenBy(), ['open', 'office', 'release 1.6.0 fails, which is 1.5 or newer', 'release'])

  await snooze({ letters: 50, release: '1.5', until: new Date(Date.now() + 3_600_000).toISOString() })
  assert.equal(await wokenBy(), null)
  await store.pool.query(`update cause_watch set until_at = now() - interval '1 ms'`)
  assert.deepEqual(await wokenBy(), ['open', 'office', 'its time has come', 'time'])
  const [entry] = await listAudit(store, { limit: 1 })
  assert.deepEqual([entry?.actor, entry?.action, entry?.target], ['office', 'cause.wake', cause])

  await snooze({ letters: 1 })
  await reopenCause(store, { cause, by: 'ann' })
  await bed.captured({})
  assert.deepEqual(await followCauses(store), { woken: 0, regressed: 0, hasMore: false }, 'nothing is woken twice')
})

test('the office follows by itself, and two that follow at once do it once', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  const cause = await onlyCause(bed)
  await fixCause(bed.store, { cause, by: 'ann' })
  const watchers = [1, 2].map(() => watchCauses(bed.store, { tell: assert.fail }))
  for (const watcher of watchers) bed.ending(() => watcher.stop())
  await bed.captured({})
  await until('it regressed', async () => ((await stateOf(bed, cause)) === 'regressed' ? true : undefined))
  const { events } = await causeHistory(bed.store, { cause, limit: 50 })
  assert.deepEqual(
    events.map(({ what }) => what),
    ['regress', 'fix'],
  )
})

test('what is not possible is refused, and changes nothing', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured({})
  const cause = await onlyCause(bed)
  const by = 'ann'
  const past = '2020-01-01T00:00Z'
  const refused: readonly (readonly [string, () => Promise<void>])[] = [
    ['REQUEST_INVALID', () => snoozeCause(store, { cause, by, reason: 'why' })],
    ['REQUEST_INVALID', () => snoozeCause(store, { cause, by, reason: ' ', letters: 5 })],
    ['REQUEST_INVALID', () => snoozeCause(store, { cause, by, reason: 'why', until: past })],
    ['REQUEST_INVALID', () => snoozeCause(store, { cause, by, reason: 'why', until: 'tomorrow' })],
    ['REQUEST_INVALID', () => snoozeCause(store, { cause, by, reason: 'why', until: '2030-01-01T00:00' })],
    ['REQUEST_INVALID', () => snoozeCause(store, { cause, by, reason: 'why', until: '2030-99-01T00:00Z' })],
    [
      'REQUEST_INVALID',
      () => snoozeCause(store, { cause, by, reason: 'why', until: '2099-01-01T00:00Z', forSeconds: 5 }),
    ],
    ['REQUEST_INVALID', () => acknowledgeCause(store, { cause, by: ' ' })],
    ['REQUEST_INVALID', () => acknowledgeCause(store, { cause, by, note: 'a\0b' })],
    ['REQUEST_INVALID', () => commentOnCause(store, { cause, by, text: '\n\t' })],
    ['REQUEST_INVALID', () => commentOnCause(store, { cause, by, text: 'x'.repeat(10_001) })],
    ['REQUEST_INVALID', () => assignCause(store, { cause, by, to: '' })],
    ['NOT_FOUND', () => unlinkCause(store, { cause, by, link: 7 })],
    ['NOT_FOUND', () => acknowledgeCause(store, { cause: 'c_0000000000000', by })],
    ['STATE_CONFLICT', () => acknowledgeCause(store, { cause, by, revision: 2 })],
  ]
  for (const [code, act] of refused) await assert.rejects(act(), { code }, act.toString())
  assert.equal(await stateOf(bed, cause), 'new')
  assert.equal((await store.pool.query('select from cause_event')).rowCount, 0)
  assert.equal((await listAudit(store, { limit: 5 })).length, 0)
  await fixCause(store, { cause, by })
  await assert.rejects(acknowledgeCause(store, { cause, by }), {
    code: 'STATE_CONFLICT',
    hint: /redrive cause reopen c_/,
  })
  await assert.rejects(snoozeCause(store, { cause, by, reason: 'why', letters: 5 }), { code: 'STATE_CONFLICT' })
  assert.equal((await store.pool.query('select from cause_watch')).rowCount, 1, 'it still waits for what it waited for')
  await store.pool.query('alter table audit add constraint refuse check (false) not valid')
  await assert.rejects(reopenCause(store, { cause, by }))
  assert.equal(await stateOf(bed, cause), 'fixed', 'what cannot be told is not done')
})

test('of two who saw the same, one changes it and the other is told; comments do not get in the way', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured({})
  const cause = await onlyCause(bed)
  await lookAtCause(store, { cause, by: 'ann' })
  const { revision } = await showLife(store, cause)
  await commentOnCause(store, { cause, by: 'cleo', text: 'seen this before' })
  const results = await Promise.allSettled([
    acknowledgeCause(store, { cause, by: 'ann', revision }),
    acknowledgeCause(store, { cause, by: 'bob', revision }),
    assignCause(store, { cause, by: 'cleo', to: 'cleo', revision }),
  ])
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
  for (const result of results) if (result.status === 'rejected') assert.equal(result.reason.code, 'STATE_CONFLICT')
})

test('an owner of its own goes before the one of its queue; lists find both, and who has none', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured({}, { queue: 'invoices', errorClass: 'Other' })
  const { causes } = await listCauses(store)
  const [orders = '', invoices = ''] = ['orders', 'invoices'].map((queue) => causes.find((c) => c.queue === queue)?.id)
  const found = async (options: Parameters<typeof listCauses>[1]): Promise<readonly string[]> =>
    (await listCauses(store, options)).causes.map(({ id }) => id)
  assert.equal((await found({ unowned: true })).length, 2)
  await documentQueue(store, {
    queue: 'orders',
    by: 'ann',
    reason: null,
    fields: { owner: 'shop', runbook: 'https://run.example/orders' },
  })
  assert.deepEqual(await found({ unowned: true }), [invoices])
  assert.deepEqual(await found({ owner: 'shop' }), [orders])
  const tier = (await listCauses(store, { owner: 'shop' })).causes[0]?.tier ?? ''
  const tierOwner = (owner: string | null): Promise<void> =>
    documentQueue(store, { queue: 'orders', by: 'ann', reason: null, fields: { [`tiers.${tier}.owner`]: owner } })
  await tierOwner('night-shift')
  assert.deepEqual(await found({ owner: 'shop' }), [])
  assert.deepEqual(await found({ owner: 'night-shift' }), [orders])
  await tierOwner(null)
  await ownCause(store, { cause: orders, by: 'ann', to: 'payments' })
  await assignCause(store, { cause: orders, by: 'ann', to: 'bob' })
  assert.deepEqual(await found({ owner: 'shop' }), [])
  assert.deepEqual(await found({ owner: 'payments', assignee: 'bob', state: 'open' }), [orders])
  const { owner, ownerFrom, assignee, queueRunbook, state } = await showLife(store, orders)
  assert.deepEqual(
    [owner, ownerFrom, assignee, queueRunbook, state],
    ['payments', 'cause', 'bob', 'https://run.example/orders', 'open'],
  )
  await ownCause(store, { cause: orders, by: 'ann', to: null })
  await ownCause(store, { cause: orders, by: 'ann', to: null })
  const { ownerFrom: from, owner: whose } = await showLife(store, orders)
  assert.deepEqual([whose, from], ['shop', 'queue'])
  const { events } = await causeHistory(store, { cause: orders, limit: 9 })
  assert.deepEqual(
    events.map(({ what, details }) => [what, details]),
    [
      ['own', { from: 'payments', to: null }],
      ['assign', { from: null, to: 'bob' }],
      ['own', { from: null, to: 'payments' }],
    ],
  )
})

test('comments and links stay when letters are replayed and die again; nobody changes what was said', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  bed.replayer()
  await bed.worker({
    retry: { maxAttempts: 1 },
    handle() {
      throw new Error('no answer')
    },
  } as never)
  await bed.produce({ key: null, body: Buffer.from('a'), headers: [] })
  const cause = await until('it died', async () => (await listCauses(store)).causes[0]?.id)
  for (const text of ['one', 'two\nlines', 'three', '4', '5', '6'])
    await commentOnCause(store, { cause, by: 'ann', text })
  await linkCause(store, { cause, by: 'ann', kind: 'tracker', url: 'https://tracker.example/OPS-17', title: 'OPS-17' })
  await linkCause(store, { cause, by: 'bob', kind: 'other', url: 'https://tracker.example/OPS-17' })
  await bed.replayed({ cause })
  await until('it died again', async () => ((await listCauses(store)).causes[0]?.letters === 2 ? true : undefined))
  const { comments, links } = await showLife(store, cause)
  assert.equal(comments.total, 6)
  assert.deepEqual(
    comments.last.map(({ said }) => said),
    ['two\nlines', 'three', '4', '5', '6'],
  )
  assert.deepEqual(
    links.map(({ kind, title, url, by }) => [kind, title, url, by]),
    [['tracker', 'OPS-17', 'https://tracker.example/OPS-17', 'ann']],
  )
  for (const sql of [`update cause_event set said = 'no'`, 'delete from cause_event', 'truncate cause_event'])
    await assert.rejects(store.pool.query(sql), /append only/, sql)
  await unlinkCause(store, { cause, by: 'ann', link: links[0]?.id ?? 0 })
  assert.equal((await showLife(store, cause)).links.length, 0)
})

test('links lead to the web and nowhere else', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured({})
  const cause = await onlyCause(bed)
  const link = (url: string): Promise<void> => linkCause(store, { cause, by: 'ann', kind: 'other', url })
  for (const url of [
    'javascript:alert(1)',
    ' JavaScript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'ftp://a.example',
    '//a.example',
    'a.example',
    '',
    'https://',
    'https://ann:secret@a.example',
    `https://a.example/${'x'.repeat(2_000)}`,
  ])
    await assert.rejects(link(url), { code: 'REQUEST_INVALID' }, url)
  await link('https://tracker.ex\u0430mple/\u001b[31m?a=\u202e"<b>')
  assert.deepEqual(
    (await showLife(store, cause)).links.map(({ url }) => url),
    ['https://tracker.xn--exmple-4nf/%1B[31m?a=%E2%80%AE%22%3Cb%3E'],
  )
  for (let n = 1; n < 20; n++) await link(`http://a.example/${n}`)
  await assert.rejects(link('http://a.example/20'), { code: 'STATE_CONFLICT' })
})
