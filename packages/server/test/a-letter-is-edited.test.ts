import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAudit } from '../src/audit/index.ts'
import { documentQueue } from '../src/queues/index.ts'
import { diffVersions, editLetter, listVersions, revertLetter } from '../src/repair/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { contentHash, contentOfVersion } from '../src/store/letter-versions.ts'
import { type OfficeBed, officeBed } from './office-bed.ts'

const original = '{ "id":9007199254740993, "currency": "eur",\n  "total": 1e400, "zero": -0 }'
const why = { by: 'ann', reason: 'the shop wrote small letters' }
const upper = { patch: '[{"op":"transform","path":"/currency","function":"upper"}]' }

async function edited(bed: OfficeBed): Promise<{ readonly uuid: string; readonly letter: string }> {
  const [uuid = ''] = await bed.captured({
    body: original,
    key: 'k',
    headers: [{ name: 'tenant', value: Buffer.from('a') }],
  })
  return { uuid, letter: showLetterId(uuid) }
}

async function counts(bed: OfficeBed, uuid: string): Promise<{ version: number; revision: number }> {
  const { rows } = await bed.store.pool.query('select version, revision from letter where id = $1', [uuid])
  return rows[0]
}

test('an edit is a new version with author, reason and lineage; the original stays byte for byte', async (t) => {
  const bed = await officeBed(t)
  const { uuid, letter } = await edited(bed)
  assert.equal(await editLetter(bed.store, { letter, ...why, change: upper }), 1)
  const second = { headers: [{ op: 'set', name: 'tenant', value: { text: 'b' } } as const], key: null }
  assert.equal(await editLetter(bed.store, { letter, ...why, change: second, expectVersion: 1 }), 2)
  const [original_, first, now] = await Promise.all(
    [0, 1, 2].map((version) => contentOfVersion(bed.store.pool, uuid, version)),
  )
  assert.equal(original_?.body?.toString(), original)
  assert.equal(first?.body?.toString(), original.replace('eur', 'EUR'))
  assert.deepEqual([now?.body, now?.key], [first?.body, null])
  const versions = await listVersions(bed.store, letter)
  assert.deepEqual(
    versions.map(({ version, isCurrent, parent, author }) => [version, isCurrent, parent, author]),
    [
      [2, true, 1, 'ann'],
      [1, false, 0, 'ann'],
      [0, false, null, null],
    ],
  )
  assert.deepEqual(versions[1]?.edit, { kinds: ['patch'], patch: upper.patch })
  assert.deepEqual(versions[0]?.edit, { kinds: ['headers', 'key'], headers: [{ op: 'set', name: 'tenant' }] })
  assert.equal(versions[1]?.contentSha256, contentHash(first as never).toString('hex'))
  assert.deepEqual(await counts(bed, uuid), { version: 2, revision: 3 })
  const audit = await listAudit(bed.store, { limit: 2 })
  assert.deepEqual(
    audit.map(({ action, actor, target, reason, details }) => [action, actor, target, reason, details?.['version']]),
    [2, 1].map((version) => ['letter.edit', 'ann', letter, why.reason, version]),
  )
  await bed.balanced()
})

test('versions cannot be changed or deleted', async (t) => {
  const bed = await officeBed(t)
  const { letter } = await edited(bed)
  await editLetter(bed.store, { letter, ...why, change: upper })
  for (const sql of [`update letter_version set body = ''`, 'delete from letter_version', 'truncate letter_version'])
    await assert.rejects(bed.store.pool.query(sql), /append only/, sql)
})

test('going back keeps what was done, and the next edit says what it was made of', async (t) => {
  const bed = await officeBed(t)
  const { uuid, letter } = await edited(bed)
  await editLetter(bed.store, { letter, ...why, change: upper })
  await editLetter(bed.store, { letter, ...why, change: { key: null } })
  await revertLetter(bed.store, { letter, ...why, to: 0, expectVersion: 2 })
  assert.deepEqual(await counts(bed, uuid), { version: 0, revision: 4 })
  await assert.rejects(revertLetter(bed.store, { letter, ...why, to: 0 }), { code: 'STATE_CONFLICT' })
  await assert.rejects(revertLetter(bed.store, { letter, ...why, to: 3 }), { code: 'NOT_FOUND' })
  assert.equal(await editLetter(bed.store, { letter, ...why, change: { body: { base64: '/wA=' } } }), 3)
  const [latest] = await listVersions(bed.store, letter)
  assert.deepEqual([latest?.version, latest?.parent], [3, 0])
  const actions = (await listAudit(bed.store, { limit: 4 })).map(({ action }) => action)
  assert.deepEqual(actions, ['letter.edit', 'letter.revert', 'letter.edit', 'letter.edit'])
})

test('of several edits at once that expect the same version one is done', async (t) => {
  const bed = await officeBed(t)
  const { uuid, letter } = await edited(bed)
  const edits = await Promise.allSettled(
    Array.from({ length: 8 }, (_, n) =>
      editLetter(bed.store, { letter, ...why, change: { key: { text: `k${n}` } }, expectVersion: 0 }),
    ),
  )
  const refused = edits.filter((each) => each.status === 'rejected')
  assert.equal(refused.length, 7)
  for (const { reason } of refused) assert.deepEqual([reason.code, reason.data], ['STATE_CONFLICT', { version: 1 }])
  // Without expecting anything all are done, one after the other.
  await Promise.all(
    Array.from({ length: 5 }, (_, n) => editLetter(bed.store, { letter, ...why, change: { key: { text: `j${n}` } } })),
  )
  assert.deepEqual(await counts(bed, uuid), { version: 6, revision: 7 })
})

test('a plan made before an edit is stale; a letter in a run, or over, is not edited', async (t) => {
  const bed = await officeBed(t)
  const { letter } = await edited(bed)
  const plan = await bed.plan({ letters: [letter] })
  await editLetter(bed.store, { letter, ...why, change: upper })
  await assert.rejects(bed.run(plan), { code: 'PLAN_STALE', data: { changed: 1 } })
  await bed.run(await bed.plan({ letters: [letter] }))
  await assert.rejects(editLetter(bed.store, { letter, ...why, change: { key: null } }), {
    code: 'STATE_CONFLICT',
    data: { state: 'replaying' },
  })
  for (const state of ['uncertain', 'replayed', 'discarded', 'archived', 'erased']) {
    await bed.store.pool.query('update letter set state = $1', [state])
    await assert.rejects(revertLetter(bed.store, { letter, ...why, to: 0 }), { code: 'STATE_CONFLICT' }, state)
  }
})

test('an edit that cannot be done leaves nothing behind and says where', async (t) => {
  const bed = await officeBed(t)
  const { uuid, letter } = await edited(bed)
  await assert.rejects(
    editLetter(bed.store, { letter, ...why, change: { patch: '[{"op":"remove","path":"/missing"}]' } }),
    {
      code: 'EDIT_REFUSED',
      data: { operation: 0, position: null },
    },
  )
  await assert.rejects(editLetter(bed.store, { letter, ...why, change: { key: { text: 'k' } } }), {
    code: 'EDIT_REFUSED',
  })
  await documentQueue(bed.store, {
    queue: 'orders',
    fields: { bodySchema: '{"properties":{"currency":{"enum":["EUR"]}}}' },
    by: 'ann',
    reason: null,
  })
  const wrong = { patch: '[{"op":"replace","path":"/currency","value":"x"}]' }
  await assert.rejects(editLetter(bed.store, { letter, ...why, change: wrong }), {
    code: 'EDIT_REFUSED',
    message: /"\/currency"/,
  })
  await assert.rejects(
    editLetter(bed.store, { letter: showLetterId('00000000-0000-7000-8000-000000000000'), ...why, change: upper }),
    { code: 'NOT_FOUND' },
  )
  assert.deepEqual(await counts(bed, uuid), { version: 0, revision: 1 })
  assert.deepEqual(
    (await listAudit(bed.store, { limit: 9 })).map(({ action }) => action),
    ['queue.document'],
  )
  assert.equal(await editLetter(bed.store, { letter, ...why, change: wrong, ignoreSchema: true }), 1)
  const [version] = await listVersions(bed.store, letter)
  assert.deepEqual(version?.edit, { kinds: ['patch'], patch: wrong.patch, ignoreSchema: true })
})

test('a diff shows what differs: a line of JSON, a header, bytes', async (t) => {
  const bed = await officeBed(t)
  const { letter } = await edited(bed)
  await editLetter(bed.store, {
    letter,
    ...why,
    change: { ...upper, headers: [{ op: 'add', name: 'note', value: { text: 'x' } }] },
  })
  const { from, to, parts } = await diffVersions(bed.store, letter, {})
  assert.deepEqual([from, to], [0, 1])
  assert.deepEqual(
    parts.map(({ part, as, lines }) => [
      part,
      as,
      lines.filter(({ sign }) => sign === '-' || sign === '+').map(({ sign, text }) => sign + text),
    ]),
    [
      ['headers', 'text', ['+note: x']],
      ['body', 'json', ['-  "currency": "eur",', '+  "currency": "EUR",']],
    ],
  )
  await editLetter(bed.store, { letter, ...why, change: { body: { base64: '/wA=' } } })
  const [bytes] = (await diffVersions(bed.store, letter, { from: 1 })).parts
  assert.equal(bytes?.as, 'hex')
  assert.match(bytes?.lines.find(({ sign }) => sign === '+')?.text ?? '', /^00000000 {2}ff 00 .*\.\.$/)
  assert.deepEqual((await diffVersions(bed.store, letter, { from: 2, to: 2 })).parts, [])
  await assert.rejects(diffVersions(bed.store, letter, { to: 9 }), { code: 'NOT_FOUND' })
})
