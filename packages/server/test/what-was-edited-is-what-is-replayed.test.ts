import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stackHeader, wireHeader } from '@redrive/worker'
import { applyTransform, createTransform, editLetter, previewTransform, revertLetter } from '../src/repair/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { bodyHash } from '../src/store/letter-versions.ts'
import { lane, officeBed, until } from './office-bed.ts'

const why = { by: 'ann', reason: 'small letters' }
const patch =
  '[{"op":"transform","path":"/currency","function":"upper"},{"op":"set","path":"/id","value":9007199254740993}]'

test('a replay sends key, body and headers of the version that counts, and the plan names its hash', async (t) => {
  const bed = await officeBed(t)
  const headers = [{ name: 'tenant', value: Buffer.from('a') }]
  const bodies = ['{"currency":"eur","n":1e400}', '{"currency":"usd"}', '{"currency":"chf"}', '{"currency":"sek"}']
  const ids = await bed.captured(
    ...bodies.map((body, index) => ({
      body,
      key: `k${index}`,
      headers,
      id: `letter-${index}`,
    })),
  )
  const [, second = '', third = ''] = ids.map(showLetterId)
  const transform = await createTransform(bed.store, {
    selection: { letters: ids.slice(0, 3).map(showLetterId) },
    change: { patch },
    ignoreSchema: false,
    nowMs: Date.now(),
    ...why,
  })
  await previewTransform(bed.store, transform)
  await applyTransform(bed.store, { transform, by: 'ann' })
  await editLetter(bed.store, {
    letter: second,
    ...why,
    change: {
      key: null,
      body: { base64: '/wA=' },
      headers: [{ op: 'set', name: 'tenant', value: { text: 'b' } }],
    },
  })
  await revertLetter(bed.store, { letter: third, ...why, to: 0 })
  const plan = await bed.plan({ query: 'queue:orders' })
  const sent = [
    '{"currency":"EUR","n":1e400,"id":9007199254740993}',
    Buffer.from([0xff, 0]),
    bodies[2] ?? '',
    bodies[3] ?? '',
  ].map((body) => Buffer.from(body as string))
  const frozen = await bed.store.pool.query<{ version: number; hash: Buffer }>(
    'select version, body_sha256 as hash from plan_letter order by letter_id',
  )
  assert.deepEqual(
    frozen.rows.map(({ version, hash }) => [version, hash]),
    sent.map((body, index) => [[1, 2, 0, 0][index], bodyHash(body)]),
  )
  bed.replayer()
  const { id } = await bed.run(plan)
  await until('sent', async () => ((await bed.runOf(id)).state === 'done' ? true : undefined))
  const messages = bed.messages(lane)
  assert.deepEqual(
    messages.map(({ body }) => Buffer.from(body ?? []).toString('hex')).toSorted(),
    sent.map((body) => body.toString('hex')).toSorted(),
  )
  const whole = messages.find(({ body }) => body?.[0] === 0xff)
  assert.equal(whole?.key, null)
  const own = whole?.headers.filter(({ name }) => name !== wireHeader && name !== stackHeader)
  assert.deepEqual(
    own?.map(({ name, value }) => [name, Buffer.from(value ?? []).toString()]),
    [['tenant', 'b']],
  )
  await bed.balanced()
})

test('a version whose bytes are gone is not sent; least of all the original in its place', async (t) => {
  const bed = await officeBed(t)
  const [uuid = ''] = await bed.captured({ body: '{"currency":"eur"}' })
  await editLetter(bed.store, {
    letter: showLetterId(uuid),
    ...why,
    change: { patch },
  })
  const plan = await bed.plan({ query: 'queue:orders' })
  await bed.store.pool.query('alter table letter_version disable trigger all; delete from letter_version')
  bed.replayer()
  const { id } = await bed.run(plan)
  const run = await until('done', async () => {
    const view = await bed.runOf(id)
    return view.state === 'done' ? view : undefined
  })
  assert.deepEqual([run.sends.sent, run.sends.notSent, bed.messages(lane).length], [0, 1, 0])
})
