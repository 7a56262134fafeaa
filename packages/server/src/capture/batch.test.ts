import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fingerprint } from '@redrive/worker/fingerprint'
import { causeIdOf, type Founding } from '../causes/index.ts'
import { uuidSource } from '../store/uuid.ts'
import { ourLetter } from '../testing/letters.ts'
import { Batch } from './batch.ts'
import { fingerprintInput, type PlacedLetter, recogniseLetter, termsOfLetter } from './recognise-letter.ts'

const queue = { id: 1, name: 'orders' }
const hourMs = 3_600_000
const nowMs = 500_000 * hourMs + 10
const nextId = uuidSource(() => nowMs)

const elsewhere: Founding = {
  id: '7',
  key: '0000000000000007'.padEnd(32, '0'),
  version: 0,
  basis: 'rule',
  parts: {},
  title: 'of a rule',
  errorClass: null,
  template: null,
  rule: '00000000-0000-0000-0000-000000000001',
}

function placed(n: number, diedMs: number | null, led: Founding | null = null): PlacedLetter {
  const message = ourLetter(n, { lastFailedAtMs: diedMs as number })
  const delivery = {
    ...{ message, place: 'dead', partition: '0', position: BigInt(n), bytes: 100, redelivered: false, settlement: n },
  } as never
  const letter = recogniseLetter(delivery, { system: 'memory', id: nextId() })
  const print = fingerprint(fingerprintInput(letter, queue))
  const where = { queue, fingerprint: print, home: print.key, teaches: true, led, rulesVersion: 1 }
  return { ...letter, ...where, terms: termsOfLetter(letter) }
}

test('a letter that is led elsewhere is counted there; its home is only to be there, and what it taught stays with it', () => {
  const batch = new Batch()
  const early = placed(1, nowMs - 5 * hourMs, elsewhere)
  batch.addLetter(early, { sourceId: 1 })
  const home = causeIdOf(early.home)
  assert.deepEqual(
    [...batch.causes].map(([id, { letters }]) => [id, letters]),
    [
      [7n, 1],
      [home, 0],
    ],
  )
  assert.deepEqual(batch.homes, [{ letterId: early.idText, causeId: home }])
  assert.deepEqual(
    batch.shapes.map(({ causeId }) => causeId),
    [home],
  )
  const late = placed(2, nowMs - hourMs)
  batch.addLetter(late, { sourceId: 1 })
  const own = batch.causes.get(home)
  assert.deepEqual([own?.letters, own?.firstSeenMs, own?.sampleLetter], [1, nowMs - hourMs, late.idText])
  assert.deepEqual([batch.causes.get(7n)?.title, batch.causes.get(7n)?.ruleId], ['of a rule', elsewhere.rule])
  assert.equal(batch.homes.length, 1)
  const traffic = { handled: 0, retried: 0, discarded: 0, skipped: 0, died: {}, samples: [] }
  const worker = { service: '', release: null, host: null }
  const report = { id: '', queue: 'orders', consumer: 'reefer', fromMs: 0, toMs: 0, worker, ...traffic }
  batch.addReport(late.delivery, { queueId: 1, consumer: 'reefer', report })
  batch.addReport(late.delivery, null)
  assert.deepEqual([batch.reports.length, batch.count('receipts')], [1, 2])
  batch.reset()
  assert.deepEqual([batch.homes.length, batch.rulesVersions.size, batch.reports.length], [0, 0, 0])
})

test('a letter is counted in the hour it died in, or was captured in where that is not believed', () => {
  const batch = new Batch()
  for (const [n, diedMs] of [nowMs - 2 * hourMs, null, nowMs + 10 * hourMs, 5].entries())
    batch.addLetter(placed(n, diedMs), { sourceId: 1 })
  const [cause] = batch.causes.values()
  assert.deepEqual([...(cause?.hours ?? [])].toSorted(), [
    [nowMs - 10 - 2 * hourMs, 1],
    [nowMs - 10, 3],
  ])
})
