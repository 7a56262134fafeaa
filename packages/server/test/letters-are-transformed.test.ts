import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAudit } from '../src/audit/index.ts'
import { discardLetters } from '../src/letters/index.ts'
import { documentQueue } from '../src/queues/index.ts'
import {
  applyTransform,
  createTransform,
  editLetter,
  listTransformLetters,
  previewTransform,
  revertTransform,
  showTransform,
  type TransformRequest,
} from '../src/repair/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { type OfficeBed, officeBed } from './office-bed.ts'

const patch =
  '[{"op":"transform","path":"/currency","function":"upper"},{"op":"set","path":"/v","value":9007199254740993}]'

async function previewed(bed: OfficeBed, request: Partial<TransformRequest> = {}): Promise<string> {
  const id = await createTransform(bed.store, {
    selection: { query: 'queue:orders' },
    change: { patch },
    ignoreSchema: false,
    by: 'ann',
    reason: 'small letters',
    nowMs: Date.now(),
    ...request,
  })
  assert.equal(await previewTransform(bed.store, id), true)
  return id
}

async function contents(bed: OfficeBed): Promise<readonly (readonly [number, string | null])[]> {
  const { rows } = await bed.store.pool.query<{ version: number; body: Buffer | null }>(
    `select l.version, case when l.version = 0 then c.body else v.body end as body from letter l join letter_content c on c.id = l.id
     left join letter_version v on v.letter_id = l.id and v.version = l.version order by l.id`,
  )
  return rows.map(({ version, body }) => [version, body?.toString() ?? null] as const)
}

const done = async (bed: OfficeBed, id: string): Promise<object> =>
  (await showTransform(bed.store, id, { sample: 0 })).done

const fitting = (bed: OfficeBed, bodySchema: string): Promise<void> =>
  documentQueue(bed.store, { queue: 'orders', fields: { bodySchema }, by: 'ann', reason: null })

test('a preview counts, explains and shows, and changes nothing', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(
    { body: '{"currency":"eur"}' },
    { body: '{"currency":"EUR","v":9007199254740993}' },
    { body: '{"currency":5}' },
    { body: '{"currency":"usd" ' },
    { body: Buffer.from([0xff, 0x00]) },
    { body: '{"currency" : "chf", "n":1e400}' },
  )
  const view = await showTransform(bed.store, await previewed(bed), { sample: 5 })
  assert.deepEqual(view.preview, { untried: 0, applicable: 2, unchanged: 1, refused: 3 })
  assert.deepEqual(view.done, { left: 2, applied: 0, refused: 0, reverted: 0 })
  assert.deepEqual(view.reasons.map(({ why }) => why).toSorted(), [
    'its body is no JSON: a comma or } is missing (byte 18)',
    'its body is no JSON: it is not UTF-8 (byte 0)',
    'operation 1: upper of "/currency": a text was expected, it is a number',
  ])
  assert.deepEqual(
    view.sample.map(({ parts }) =>
      parts.flatMap(({ lines }) =>
        lines.filter(({ sign }) => '+-'.includes(sign)).map(({ sign, text }) => sign + text),
      ),
    ),
    [
      ['-  "currency": "eur"', '+  "currency": "EUR",', '+  "v": 9007199254740993'],
      ['-  "currency": "chf",', '-  "n": 1e400', '+  "currency": "CHF",', '+  "n": 1e400,', '+  "v": 9007199254740993'],
    ],
  )
  const refused = await listTransformLetters(bed.store, (await ids(bed))[0] ?? '', { part: 'refused', limit: 2 })
  assert.equal(refused.letters.length, 2)
  const rest = await listTransformLetters(bed.store, (await ids(bed))[0] ?? '', {
    part: 'refused',
    limit: 2,
    after: refused.next ?? '',
  })
  assert.deepEqual([rest.letters.length, rest.next], [1, null])
  assert.ok((await contents(bed)).every(([version]) => version === 0))
})

async function ids(bed: OfficeBed): Promise<readonly string[]> {
  const { rows } = await bed.store.pool.query<{ id: string }>('select id from transform order by created_at')
  return rows.map(({ id }) => id)
}

test('applied, every letter it can be done to has a version of it; reverted, the one before counts again', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(
    { body: '{"currency":"eur"}' },
    { body: 'none' },
    { body: '{"currency":"usd"}' },
    { body: '{"currency":"chf"}' },
  )
  const before = await contents(bed)
  const id = await previewed(bed)
  await assert.rejects(applyTransform(bed.store, { transform: id, by: 'bob', expect: 4 }), {
    code: 'PLAN_STALE',
    data: { applicable: 3 },
  })
  assert.equal(await applyTransform(bed.store, { transform: id, by: 'bob', expect: 3 }), true)
  assert.deepEqual(
    await contents(bed),
    ['EUR', null, 'USD', 'CHF'].map((currency) =>
      currency === null ? [0, 'none'] : [1, `{"currency":"${currency}","v":9007199254740993}`],
    ),
  )
  assert.equal(await applyTransform(bed.store, { transform: id, by: 'bob', expect: 3 }), true, 'again is harmless')
  assert.deepEqual(await done(bed, id), { left: 0, applied: 3, refused: 0, reverted: 0 })
  assert.equal(
    (await showTransform(bed.store, id, { sample: 3 })).sample.length,
    3,
    'what was done can still be looked at',
  )
  const reverted = await revertTransform(bed.store, { transform: id, by: 'cid', reason: 'wrong' })
  assert.deepEqual(reverted, { reverted: 3, kept: 0, next: null })
  assert.deepEqual(await contents(bed), before)
  assert.deepEqual(await done(bed, id), { left: 0, applied: 0, refused: 0, reverted: 3 })
  assert.deepEqual(await revertTransform(bed.store, { transform: id, by: 'cid', reason: 'wrong' }), {
    reverted: 0,
    kept: 0,
    next: null,
  })
  assert.equal(await applyTransform(bed.store, { transform: id, by: 'bob' }), true)
  assert.deepEqual(await contents(bed), before, 'what was taken back is not done again')
  const audit = (await listAudit(bed.store, { limit: 9 })).map(({ action, actor }) => `${action} ${actor}`)
  assert.deepEqual(audit, ['transform.revert cid', 'transform.apply bob', 'transform.create ann'])
  await bed.balanced()
})

test('letters that were changed, discarded or taken by a run since are refused by themselves; the others are done', async (t) => {
  const bed = await officeBed(t)
  const letters = (await bed.captured(...Array.from({ length: 5 }, () => ({ body: '{"currency":"eur"}' })))).map(
    showLetterId,
  )
  const id = await previewed(bed, { selection: { letters: [...letters, 'l_00000000000000000000000001'] } })
  assert.equal((await showTransform(bed.store, id, { sample: 0 })).missing, 1)
  await editLetter(bed.store, { letter: letters[0] ?? '', by: 'x', reason: 'y', change: { key: { text: 'mine' } } })
  await discardLetters(bed.store, {
    selection: { letters: [letters[1] ?? ''] },
    by: 'x',
    reason: 'y',
    nowMs: Date.now(),
  })
  await bed.run(await bed.plan({ letters: [letters[2] ?? ''] }))
  await bed.captured({ body: '{"currency":"late"}' })
  await applyTransform(bed.store, { transform: id, by: 'bob', expect: 5 })
  assert.deepEqual(await done(bed, id), { left: 0, applied: 2, refused: 3, reverted: 0 })
  const { letters: refused } = await listTransformLetters(bed.store, id, { part: 'refused', limit: 9 })
  assert.deepEqual(
    refused.map(({ letter, why }) => [letters.indexOf(letter), why]),
    [
      [0, 'it was changed since the preview'],
      [1, 'it is discarded'],
      [2, 'it is replaying'],
    ],
  )
  assert.equal((await contents(bed)).filter(([, body]) => body?.includes('EUR')).length, 2)
})

test('hostile letters and paths neither stop a transform nor get into its words', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(
    { body: '{"\\u0000":1}' },
    { body: '{"\\ud800":1}' },
    { body: `${'['.repeat(100_000)}` },
    { body: `{"currency":"${'e'.repeat(900_000)}"}` },
    { body: '{"__proto__":{"currency":1}}' },
    { body: '{"currency":"eur","currency":"usd"}' },
  )
  await fitting(bed, '{"additionalProperties":false,"properties":{"currency":{}}}')
  const hostile = '[{"op":"transform","path":"/\\u0000\\ud800","function":"trim"}]'
  for (const change of [{ patch: hostile }, { patch }, { patch: '[{"op":"set","path":"/\\u0000x","value":1}]' }])
    assert.equal((await showTransform(bed.store, await previewed(bed, { change }), { sample: 5 })).preview.untried, 0)
  const id = await previewed(bed, { ignoreSchema: true })
  await applyTransform(bed.store, { transform: id, by: 'bob' })
  const view = await showTransform(bed.store, id, { sample: 0 })
  assert.deepEqual([view.done.applied, view.preview.refused], [1, 5])
  assert.match(view.reasons.map(({ why }) => why).join('\n'), /nested more than 512 deep.*\n.*twice|twice[^]*nested/)
})

test('only unsent edits go back: what was sent or edited again stays', async (t) => {
  const bed = await officeBed(t)
  const letters = (await bed.captured(...Array.from({ length: 4 }, () => ({ body: '{"currency":"eur"}' })))).map(
    showLetterId,
  )
  const id = await previewed(bed)
  await applyTransform(bed.store, { transform: id, by: 'bob' })
  await bed.run(await bed.plan({ letters: [letters[0] ?? ''] }))
  await editLetter(bed.store, { letter: letters[1] ?? '', by: 'x', reason: 'y', change: { key: { text: 'mine' } } })
  assert.deepEqual(await revertTransform(bed.store, { transform: id, by: 'bob', reason: 'z' }), {
    reverted: 2,
    kept: 2,
    next: null,
  })
  assert.deepEqual(
    (await contents(bed)).map(([version]) => version),
    [1, 2, 0, 0],
  )
})

test('it is done in steps: a step that ends early or is cut off leaves whole letters, and the next goes on', async (t) => {
  const bed = await officeBed(t)
  const number = 1_200
  await bed.captured(...Array.from({ length: number }, () => ({ body: '{"currency":"eur"}' })))
  const id = await createTransform(bed.store, {
    selection: { query: 'queue:orders' },
    change: { patch },
    ignoreSchema: false,
    by: 'ann',
    reason: 'small letters',
    nowMs: Date.now(),
  })
  assert.equal(await previewTransform(bed.store, id, 0), false)
  await assert.rejects(
    applyTransform(bed.store, { transform: id, by: 'bob' }),
    { code: 'STATE_CONFLICT' },
    'not all are tried',
  )
  while (!(await previewTransform(bed.store, id, 0)));
  assert.equal(await applyTransform(bed.store, { transform: id, by: 'bob', expect: number }, 0), false)
  const { applied, left } = (await showTransform(bed.store, id, { sample: 0 })).done
  assert.ok(applied > 0 && left > 0 && applied + left === number, `${applied} ${left}`)
  // The end of the process in the middle of a chunk is the end of its transaction.
  await bed.store.pool.query(`create function fail() returns trigger language plpgsql as $$ begin raise exception 'lost'; end $$;
    create trigger fail before insert on audit for each row execute function fail()`)
  await assert.rejects(applyTransform(bed.store, { transform: id, by: 'bob' }), /lost/)
  assert.equal((await showTransform(bed.store, id, { sample: 0 })).done.applied, applied)
  assert.equal((await contents(bed)).filter(([version]) => version === 1).length, applied)
  await bed.store.pool.query('drop trigger fail on audit')
  const rest = await Promise.all([1, 2, 3].map(() => applyTransform(bed.store, { transform: id, by: 'bob' })))
  assert.deepEqual(rest, [true, true, true])
  assert.ok(
    (await contents(bed)).every(([version]) => version === 1),
    'several at once do each letter once',
  )
  let [from, reverted]: [number | null, number] = [0, 0]
  while (from !== null) {
    const step: { reverted: number; next: number | null } = await revertTransform(
      bed.store,
      { transform: id, by: 'bob', reason: 'z', from },
      0,
    )
    reverted += step.reverted
    from = step.next
  }
  assert.equal(reverted, number)
})

test('over the letters of a plan; headers too; against the schema of the queue', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({ body: '{"currency":"eur"}' }, { body: '{"currency":"xxx"}' })
  const plan = await bed.plan({ query: 'queue:orders' })
  await bed.captured({ body: '{"currency":"eur"}' })
  await fitting(bed, '{"properties":{"currency":{"enum":["EUR"]}}}')
  const headers = [{ op: 'set', name: 'fixed', value: { text: 'yes' } } as const]
  const id = await previewed(bed, { selection: { plan: plan.id }, change: { patch, headers } })
  const view = await showTransform(bed.store, id, { sample: 0 })
  assert.deepEqual(view.preview, { untried: 0, applicable: 1, unchanged: 0, refused: 1 })
  assert.match(view.reasons[0]?.why ?? '', /schema of its queue: "\/currency"/)
  await applyTransform(bed.store, { transform: id, by: 'bob' })
  await assert.rejects(bed.run(plan), { code: 'PLAN_STALE' })
  const despite = await previewed(bed, {
    ignoreSchema: true,
    change: { patch: '[{"op":"replace","path":"/currency","value":1}]' },
  })
  assert.equal((await showTransform(bed.store, despite, { sample: 0 })).preview.applicable, 3)
  await assert.rejects(previewed(bed, { selection: { plan: 'p_00000000000000000000000000' } }), { code: 'NOT_FOUND' })
  await assert.rejects(previewed(bed, { selection: {} }), { code: 'REQUEST_INVALID' })
  await assert.rejects(previewed(bed, { change: {} }), { code: 'REQUEST_INVALID' })
})
