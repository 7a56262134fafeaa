import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fingerprint } from '@redrive/worker/fingerprint'
import {
  type Change,
  causeHistory,
  changeRules,
  createCauseAssigner,
  fixCause,
  followCauses,
  previewChange,
  showCause,
  showLife,
  showRule,
  snoozeCause,
} from '../src/causes/index.ts'
import { type AlertBed, alertBed } from './alert-bed.ts'
import { type OfficeBed, officeBed } from './office-bed.ts'
import { causeOf, countsAreRight, grouped, regrouped } from './regroup-bed.ts'

const header = (name: string, value: string) => ({ name, value: Buffer.from(value) })
const a = (release = '1.0.0') => ({
  errorClass: 'AlphaError',
  error: 'alpha failed',
  release,
  headers: [header('tenant', 'acme')],
})
const b = (release = '1.0.0') => ({ ...a(release), errorClass: 'BetaError', error: 'beta broke' })

async function carriedOut(bed: OfficeBed, change: Change): Promise<string> {
  const { id } = await changeRules(bed.store, { change, by: 'ann', reason: 'test' })
  await regrouped(bed.store, 2)
  await countsAreRight(bed.store)
  return id
}

async function merged(bed: OfficeBed, from: RegExp, into: RegExp): Promise<string> {
  const [source, target] = [await causeOf(bed.store, from), await causeOf(bed.store, into)]
  return carriedOut(bed, { kind: 'merge', causes: [source], into: target })
}

test('a snoozed cause does not wake by letters that were there already, and does by those that come', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured(a(), a(), a(), b())
  const cause = await causeOf(store, /^Beta/)
  await snoozeCause(store, { cause, by: 'ann', reason: 'known', letters: 2, release: '2.0.0' })
  const rule = await merged(bed, /^Alpha/, /^Beta/)
  await followCauses(store)
  assert.deepEqual([(await showLife(store, cause)).state, (await showLife(store, cause)).waits?.came], ['snoozed', 0])
  await bed.captured(a())
  await followCauses(store)
  assert.deepEqual([(await showLife(store, cause)).state, (await showLife(store, cause)).waits?.came], ['snoozed', 1])
  await carriedOut(bed, { kind: 'remove', rule })
  assert.equal((await showLife(store, cause)).waits?.came, 0, 'what came and went away again is not counted')
  await bed.captured(b())
  await followCauses(store)
  assert.equal((await showLife(store, cause)).state, 'snoozed')
  await bed.captured(b())
  await followCauses(store)
  assert.equal((await showLife(store, cause)).state, 'open')
})

test('a fixed cause regresses by failures of its release that come, not by those that were moved, nor is it blind after some left', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured(a('2.0.0'), a('2.0.0'), b('1.0.0'))
  const cause = await causeOf(store, /^Beta/)
  await fixCause(store, { cause, by: 'ann', release: '2.0.0' })
  const rule = await merged(bed, /^Alpha/, /^Beta/)
  await followCauses(store)
  assert.equal((await showLife(store, cause)).state, 'fixed', '2.0.0 had failed before it was fixed')
  await carriedOut(bed, { kind: 'remove', rule })
  await followCauses(store)
  assert.equal((await showLife(store, cause)).state, 'fixed')
  await bed.captured(b('2.0.0'))
  await followCauses(store)
  assert.equal((await showLife(store, cause)).state, 'regressed')
})

test("fixed by a person's word: letters that died before stay quiet wherever they are moved, later ones speak", async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured(a(), a(), b())
  const cause = await causeOf(store, /^Beta/)
  await fixCause(store, { cause, by: 'ann' })
  await merged(bed, /^Alpha/, /^Beta/)
  await followCauses(store)
  await followCauses(store)
  assert.equal((await showLife(store, cause)).state, 'fixed')
  await bed.captured(a())
  await followCauses(store)
  assert.equal((await showLife(store, cause)).state, 'regressed')
})

test('nobody is told of letters that somebody moved; of those that come later everybody is', async (t) => {
  const bed: AlertBed = await alertBed(t)
  const { store } = bed
  await bed.captured(a(), a(), b())
  assert.deepEqual((await bed.look()).toSorted(), ['team raised first-failure', 'team raised first-failure'])
  const rule = await merged(bed, /^Alpha/, /^Beta/)
  assert.deepEqual(await bed.look({ minutes: 1 }), [])
  assert.deepEqual(await bed.look({ minutes: 12 }), ['team resolved first-failure'], 'nothing waits in the emptied one')
  await carriedOut(bed, { kind: 'remove', rule })
  assert.deepEqual(await bed.look({ minutes: 13 }), [], 'it is back by what ann did, and she knows')
  const part = await carriedOut(bed, {
    kind: 'split',
    cause: await causeOf(store, /^Alpha/),
    where: ['header:tenant=acme'],
    title: 'acme',
  })
  assert.deepEqual(await bed.look({ minutes: 14 }), [])
  const ofPart = (await bed.alerts()).find(({ title }) => /acme/.test(title))
  assert.deepEqual([ofPart?.state, ofPart?.acknowledgedBy], ['acknowledged', 'ann'])
  await carriedOut(bed, { kind: 'remove', rule: part })
  await carriedOut(bed, { kind: 'rule', name: 'all of A', where: ['class=AlphaError'] })
  assert.deepEqual(
    (await bed.look({ minutes: 15 })).filter((line) => /raised/.test(line)),
    [],
  )
  await carriedOut(bed, { kind: 'rule', name: 'of C', where: ['class=GammaError'] })
  await bed.captured({ errorClass: 'GammaError', error: 'gamma lost' })
  assert.deepEqual(
    (await bed.look({ minutes: 16 })).filter((line) => /raised/.test(line)),
    ['team raised first-failure'],
    'the first letter of a cause pages, also where a rule named it',
  )
})

test('a rule makes causes that are open, says so in their histories, and lets archived letters stay', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  const [first] = await bed.captured(a(), a(), b())
  await store.pool.query(`update letter set state = 'archived' where id = $1`, [first])
  const change: Change = { kind: 'rule', name: 'tenants', where: ['header:tenant=acme'], per: 'header:tenant' }
  const preview = await previewChange(store, change)
  assert.deepEqual([preview.letters, preview.unjudged, preview.isExact], [2, 1, true])
  const rule = await carriedOut(bed, change)
  assert.deepEqual(await grouped(store), { 'AlphaError: alpha failed': 1, 'tenants: acme': 2 })
  const { regroupings } = await showRule(store, rule)
  assert.deepEqual(
    regroupings.map(({ what, looked, moved, unjudged, endedAt }) => [what, looked, moved, unjudged, endedAt !== null]),
    [['add', 3, 2, 1, true]],
  )
  const cause = await causeOf(store, /^tenants/)
  assert.equal((await showLife(store, cause)).state, 'open')
  const { events } = await causeHistory(store, { cause, limit: 10 })
  assert.deepEqual(
    events.map(({ what, by, details }) => [what, by, details['rule']]),
    [['gather', 'ann', rule]],
  )
  const source = await showCause(store, await causeOf(store, /^Beta/))
  assert.deepEqual(source.elsewhere, [{ cause, title: 'tenants: acme' }], 'it says where its letters are')
})

test('a preview that did not look at all letters says so, and what was expected is refused then', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured(a(), a(), a(), a(), { ...b(), queue: 'invoices' }, { ...b(), queue: 'invoices' })
  const change: Change = { kind: 'rule', name: 'all', where: ['header:tenant'] }
  const part = await previewChange(store, change, { maxLooked: 3 })
  assert.deepEqual([part.letters, part.looked, part.of, part.isExact, part.moves.length], [3, 3, 6, false, 2])
  const whole = await previewChange(store, change, { maxLooked: 8 })
  assert.deepEqual([whole.letters, whole.looked, whole.of, whole.isExact], [6, 6, 6, true])
  const request = { change, by: 'ann', reason: 'test', expect: 3, maxLooked: 3 }
  await assert.rejects(changeRules(store, request), {
    code: 'STATE_CONFLICT',
    message: /Only 3 of 6 letters were looked at/,
  })
})

test('a merge is told by causes, not by fingerprints: another version of the algorithm finds the same causes', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  const stack = 'AlphaError: alpha failed\n    at place (/srv/orders.js:1:2)\n    at other (/srv/orders.js:7:2)'
  await bed.captured({ ...a(), stack }, b())
  const source = await causeOf(store, /^Alpha/)
  const next = fingerprint({
    ...{ queue: 'orders', consumer: 'reefer', tier: 'transient' as const, reason: 'attempts' },
    ...{ errorClass: 'AlphaError', message: 'alpha failed', stack },
  })
  // As of the next version: another key for the same failure.
  const key = 'f'.repeat(32)
  const { cause, teaches } = await createCauseAssigner(store.pool).assign({ ...next, version: 2, key })
  assert.equal(teaches, true)
  const { rows } = await store.pool.query<{ key: string }>(
    `select encode(fingerprint_key, 'hex') as key from cause where title like 'Alpha%'`,
  )
  assert.equal(cause, rows[0]?.key, 'it joins the cause it is alike')
  await merged(bed, /^Alpha/, /^Beta/)
  assert.equal((await showCause(store, source)).letters, 0)
})

test('values of a facet beyond thirty are counted together where letters go, and where they come from', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured(
    ...Array.from({ length: 40 }, (_, n) => a(`1.${n}.0`)),
    ...Array.from({ length: 25 }, (_, n) => b(`2.${n}.0`)),
  )
  await countsAreRight(store)
  const rule = await merged(bed, /^Alpha/, /^Beta/)
  await bed.captured(a('1.39.0'), b('2.1.0'), a('3.0.0'))
  await countsAreRight(store)
  await carriedOut(bed, { kind: 'remove', rule })
  await bed.captured(a('1.39.0'), b('2.1.0'), a('3.0.0'))
  await countsAreRight(store)
})

test('a rule whose cause was merged is taken back: its letters go home', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  await bed.captured(a(), a(), b())
  const rule = await carriedOut(bed, { kind: 'rule', name: 'all of A', where: ['class=AlphaError'] })
  await merged(bed, /^all of A/, /^Beta/)
  assert.deepEqual(await grouped(store), { 'BetaError: beta broke': 3 })
  await carriedOut(bed, { kind: 'remove', rule })
  assert.deepEqual(await grouped(store), { 'AlphaError: alpha failed': 2, 'BetaError: beta broke': 1 })
})
