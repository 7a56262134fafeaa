import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeTrafficReport, type TrafficReport } from '@redrive/worker'
import { parseReceipt } from './parse-receipt.ts'
import { parseReport } from './parse-report.ts'

const report: TrafficReport = {
  id: '019b7c1e-5d2f-4c6e-8a3b-7f1d2c4e6a80',
  queue: 'orders',
  consumer: 'reefer',
  fromMs: 1_764_000_000_000,
  toMs: 1_764_000_060_000,
  handled: 5,
  retried: 4,
  discarded: 3,
  skipped: 2,
  died: { permanent: 1 },
  worker: { service: 'reefer', release: '1.4.1', host: null },
  samples: [],
}
const body = (of: object = {}): Uint8Array => {
  const written = JSON.parse(encodeTrafficReport(report)) as { traffic: object }
  return Buffer.from(JSON.stringify({ ...written, traffic: { ...written.traffic, ...of } }))
}

test('what a worker writes is read again', () => {
  assert.deepEqual(parseReport(body()), report)
})

test('an office that does not know of traffic takes a report for a receipt, not for a letter', () => {
  assert.deepEqual(parseReceipt(body()), {
    replayId: report.id,
    letterId: '',
    result: 'handled',
    attempts: 0,
    atMs: report.toMs,
    worker: report.worker,
  })
})

test('what no worker writes is no report', () => {
  const junk: readonly object[] = [
    { v: 2 },
    { queue: '' },
    { queue: 'x'.repeat(256) },
    { queue: 7 },
    { consumer: null },
    { fromMs: 2_000_000_000_000 },
    { fromMs: 0 },
    { toMs: 'now' },
    { fromMs: -1, toMs: 0 },
    { fromMs: 1e300, toMs: 1e300 },
    { handled: -1 },
    { handled: 1.5 },
    { handled: 1e10 },
    { retried: null },
    { discarded: '3' },
    { skipped: undefined },
    { died: [] },
    { died: { permanent: -1 } },
  ]
  for (const each of junk) assert.equal(parseReport(body(each)), null, JSON.stringify(each))
  for (const each of [null, '', '{', '"traffic"', '{"traffic":{}}', '[{"traffic":1}]'])
    assert.equal(parseReport(each === null ? null : Buffer.from(each)), null)
  const { replayId: _, ...nameless } = JSON.parse(Buffer.from(body()).toString()) as { replayId: string }
  assert.equal(parseReport(Buffer.from(JSON.stringify(nameless))), null)
  assert.equal(parseReport(body({ note: 'x'.repeat(50_000) })), null)
})

test('a tier of a later version counts as unknown', () => {
  assert.deepEqual(parseReport(body({ died: { unknown: 1, cosmic: 2, permanent: 3 } }))?.died, {
    unknown: 3,
    permanent: 3,
  })
})
