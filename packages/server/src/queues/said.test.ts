import assert from 'node:assert/strict'
import { test } from 'node:test'
import { merged, nothingSaid, type SaidRow } from './said.ts'

const at = new Date('2026-11-01T00:00:00Z')
const row = (field: string, value: string, origin: 'file' | 'api' = 'api'): SaidRow => ({
  queue: 'orders',
  field,
  value,
  origin,
  said_by: origin === 'file' ? '/etc/redrive.yaml:3' : 'ann',
  said_at: at,
})

test('the file wins where it speaks, field by field and in any order; where it is silent the API counts', () => {
  const rows = [
    row('owner', 'by api'),
    row('owner', 'by file', 'file'),
    row('runbook', 'by api'),
    row('tiers.permanent.process', 'by file', 'file'),
    row('tiers.permanent.process', 'by api'),
    row('tiers.permanent.urgency', 'page'),
  ]
  for (const each of [rows, rows.toReversed()]) {
    const said = merged(each)
    assert.deepEqual(said.document['owner'], {
      value: 'by file',
      origin: 'file',
      by: '/etc/redrive.yaml:3',
      at: at.toISOString(),
    })
    assert.equal(said.document['runbook']?.value, 'by api')
    assert.equal(said.document['contact'], null)
    assert.equal(said.tiers.permanent.process?.value, 'by file')
    assert.equal(said.tiers.permanent.urgency?.value, 'page')
    assert.equal(said.tiers.timeout.process, null)
  }
})

test("a tier's owner is its own, else the queue's, else nobody", () => {
  const said = merged([row('owner', 'team'), row('tiers.timeout.owner', 'net', 'file')])
  assert.equal(said.tiers.timeout.owner?.value, 'net')
  assert.equal(said.tiers.permanent.owner?.value, 'team')
  assert.equal(nothingSaid.tiers.permanent.owner, null)
})
