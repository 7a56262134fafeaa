import assert from 'node:assert/strict'
import { test } from 'node:test'
import { editLetter } from '../src/repair/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { lane, officeBed, until } from './office-bed.ts'

const why = { by: 'ann', reason: 'the gateway wrote eur' }

test('a replay sends the version that counts, others send the original; a plan made before the edit is stale', async (t) => {
  const bed = await officeBed(t)
  const [edited] = await bed.captured(
    { body: '{"amount":9007199254740993,"currency":"eur"}', key: 'k-1' },
    { body: '{"amount":1.0,"currency":"USD"}' },
  )
  const before = await bed.plan({ query: 'queue:orders' })
  await editLetter(bed.store, {
    letter: showLetterId(edited ?? ''),
    ...why,
    change: {
      patch: '[{"op":"replace","path":"/currency","value":"EUR"}]',
      headers: [{ op: 'add', name: 'fixed-by', value: { text: 'ann' } }],
    },
  })
  await assert.rejects(bed.run(before), { code: 'PLAN_STALE', data: { changed: 1 } })
  bed.replayer()
  const run = await bed.replayed({ query: 'queue:orders' })
  assert.equal(run.sends.sent, 2)
  const sent = bed.messages(lane)
  assert.deepEqual(sent.map(({ body }) => Buffer.from(body ?? []).toString()).toSorted(), [
    '{"amount":1.0,"currency":"USD"}',
    '{"amount":9007199254740993,"currency":"EUR"}',
  ])
  const fixed = sent.find(({ key }) => key !== null)
  assert.ok(
    fixed?.headers.some(({ name, value }) => name === 'fixed-by' && Buffer.from(value ?? []).toString() === 'ann'),
  )
})

test('without the bytes of the version that counts nothing is sent, least of all the original', async (t) => {
  const bed = await officeBed(t)
  const [edited] = await bed.captured({ body: '{"currency":"eur"}' })
  await editLetter(bed.store, {
    letter: showLetterId(edited ?? ''),
    ...why,
    change: { patch: '[{"op":"replace","path":"/currency","value":"EUR"}]' },
  })
  const plan = await bed.plan({ query: 'queue:orders' })
  await bed.store.pool.query('alter table letter_version disable trigger letter_version_append_only')
  await bed.store.pool.query('delete from letter_version')
  bed.replayer()
  const { id } = await bed.run(plan)
  const run = await until('done', async () => {
    const view = await bed.runOf(id)
    return view.state === 'done' ? view : undefined
  })
  assert.deepEqual(run.sends, { intended: 0, sent: 0, notSent: 1, uncertain: 0 })
  assert.equal(bed.messages(lane).length, 0)
})
