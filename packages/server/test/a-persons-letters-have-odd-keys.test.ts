import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lookOnce, type Notice } from '../src/alerts/index.ts'
import { beginErasure, erasureOnce, planErasure, showErasure } from '../src/erasure/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { officeBed } from './office-bed.ts'
import { neverAborted } from './retention-bed.ts'

test('letters whose keys are words of the office take no name of a field and no word of its own out of what it wrote', async (t) => {
  const bed = await officeBed(t)
  const keys = [
    'query',
    'title',
    'rule',
    'facts',
    'raised',
    'orders',
    'permanent',
    'links',
    'https',
    'state',
    'zwirbel',
  ]
  const odd = await bed.captured(...keys.map((each) => ({ key: each, body: each })))
  await bed.captured({ key: 'other-1' }, { key: 'zwirbel-2', errorClass: 'Odd', error: 'for zwirbel, title' })
  const plan = await bed.plan({ query: 'key:other-1 state:open' })
  const look = {
    config: { limits: [], routes: [{ notify: ['team'] }] },
    officeUrl: 'https://o.example/',
    nowMs: Date.now(),
  }
  await lookOnce(bed.store, look)
  const waiting = async () =>
    (await bed.store.pool.query<{ notice: Notice }>('select notice from notification order by id')).rows.map(
      ({ notice }) => notice,
    )
  const before = await waiting()
  assert.ok(
    before.some(({ title }) => /zwirbel, title/.test(title)),
    JSON.stringify(before),
  )
  const id = await planErasure(bed.store, {
    selection: { letters: odd.map(showLetterId) },
    by: 'dpo',
    nowMs: Date.now(),
  })
  const { letters, notes } = await showErasure(bed.store, id)
  assert.deepEqual([letters, notes], [keys.length, ['own-words-stay']])
  await beginErasure(bed.store, { erasure: id, by: 'dpo', reason: 'request 17', expect: letters, alsoWords: false })
  await erasureOnce(bed.store, { place: null, ownsServer: false, signal: neverAborted })
  assert.equal((await showErasure(bed.store, id)).state, 'done')
  const after = await waiting()
  for (const [at, notice] of after.entries()) {
    const { title, facts, next, ...kept } = notice
    const { title: said, facts: _facts, next: _next, ...was } = before[at] as Notice
    assert.deepEqual(kept, was)
    assert.ok(Array.isArray(facts) && title.length > 0 && (next === null || next.length > 0))
    assert.doesNotMatch(JSON.stringify([title, facts]), /zwirbel|title/, said)
  }
  const { rows } = await bed.store.pool.query('select selection from plan')
  assert.deepEqual(rows, [{ selection: { query: 'key:other-1 state:open' } }])
  const { rows: parts } = await bed.store.pool.query<{ parts: Record<string, string> }>('select parts from cause')
  for (const { parts: each } of parts) assert.deepEqual([each['queue'], each['basis']], ['orders', 'message'])
  assert.equal((await bed.run(plan)).state, 'running')
})
