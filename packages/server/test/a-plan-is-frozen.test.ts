import assert from 'node:assert/strict'
import { test } from 'node:test'
import { discardLetters } from '../src/letters/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { lane, type OfficeBed, officeBed, until, uuidOf } from './office-bed.ts'

const bodies = (bed: OfficeBed): readonly string[] =>
  bed.messages(lane).map(({ body }) => Buffer.from(body ?? []).toString())

test('letters that arrive after the plan are not sent', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({ body: 'planned' })
  const plan = await bed.plan({ query: 'queue:orders' })
  await bed.captured({ body: 'too late' })
  assert.equal(plan.letters, 1)
  bed.replayer()
  const { id } = await bed.run(plan, { expect: 1 })
  await until('done', async () => ((await bed.runOf(id)).state === 'done' ? true : undefined))
  assert.deepEqual(bodies(bed), ['planned'])
  assert.deepEqual(await bed.states(), { open: 1, replayed: 1 })
  await bed.balanced()
})

test('a plan whose letters changed is stale as a whole', async (t) => {
  const bed = await officeBed(t)
  const [first] = await bed.captured({}, {})
  const plan = await bed.plan({ query: 'queue:orders' })
  await discardLetters(bed.store, {
    selection: { letters: [showLetterId(first ?? '')] },
    by: 'ann',
    reason: 'test order',
    nowMs: Date.now(),
  })
  await assert.rejects(bed.run(plan), { code: 'PLAN_STALE', data: { changed: 1 } })
})

test('letters of a run belong to it until it is over', async (t) => {
  const bed = await officeBed(t)
  const [first] = await bed.captured({ body: 'one' }, { body: 'two' })
  const plan = await bed.plan({ query: 'queue:orders' })
  const { id } = await bed.run(plan)
  const { skipped } = await discardLetters(bed.store, {
    selection: { letters: [showLetterId(first ?? '')] },
    by: 'ann',
    reason: 'test order',
    nowMs: Date.now(),
  })
  bed.replayer()
  const run = await until('done', async () => {
    const view = await bed.runOf(id)
    return view.state === 'done' ? view : undefined
  })
  assert.equal(skipped, 1)
  assert.equal(run.sends.sent, 2)
  assert.deepEqual(await bed.states(), { replayed: 2 })
  await bed.balanced()
})

test('a plan runs once, however often and by however many it is asked for', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  const plan = await bed.plan({ query: 'queue:orders' })
  const runs = await Promise.allSettled(Array.from({ length: 10 }, () => bed.run(plan)))
  assert.equal(runs.filter(({ status }) => status === 'fulfilled').length, 1)
  for (const run of runs) if (run.status === 'rejected') assert.equal(run.reason.code, 'STATE_CONFLICT')
  bed.replayer()
  await until('replayed', async () => ((await bed.states())['replayed'] === 1 ? true : undefined))
  await assert.rejects(bed.run(plan), { code: 'STATE_CONFLICT' })
  assert.equal(bodies(bed).length, 1)
})

test('another number than expected refuses', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({}, {})
  const plan = await bed.plan({ query: 'queue:orders' })
  await assert.rejects(bed.run(plan, { expect: 3 }), { code: 'PLAN_STALE' })
  assert.equal((await bed.run(plan, { expect: 2 })).planned, 2)
})

const tampering: Readonly<Record<string, string>> = {
  'another place': `update plan_place set place = 'elsewhere' where plan_id = $1`,
  'another connection': `update plan_place set broker = broker || '|x' where plan_id = $1`,
  'another body': `update plan_letter set body_sha256 = sha256('x') where plan_id = $1`,
  'another letter': 'update plan_letter set letter_id = gen_random_uuid() where plan_id = $1 and ordinal = 0',
  'another revision': 'update plan_letter set revision = revision + 1 where plan_id = $1',
  'a letter less': 'delete from plan_letter where plan_id = $1 and ordinal = 1',
  'another pace': 'update plan set pace = pace + 1 where id = $1',
  'another canary': 'update plan set canary = canary + 1 where id = $1',
  'other halt rules': `update plan set halt_rules = '{}' where id = $1`,
  'another destination': `update plan set destination = 'origin' where id = $1`,
  'a place that was chosen': `update plan set destination = 'place', to_broker = 'memory', to_place = 'elsewhere', target = '{}' where id = $1`,
  'a redirect': `update plan_place set redirect = 'foreign' where plan_id = $1`,
  'another cut-off': `update plan set cutoff = cutoff + interval '1 hour' where id = $1`,
}

test('a plan that was tampered with is refused', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({}, {})
  for (const [what, sql] of Object.entries(tampering)) {
    const plan = await bed.plan({ query: 'queue:orders' })
    await bed.store.pool.query(sql, [uuidOf(plan.id)])
    await assert.rejects(bed.run(plan), { code: 'PLAN_STALE' }, what)
  }
  assert.equal((await bed.plan({ query: 'queue:orders' })).letters, 2)
})

test('a body that is not the one agreed to is not sent', async (t) => {
  const bed = await officeBed(t)
  const [, broken] = await bed.captured({ body: 'right' }, { body: 'wrong' })
  const plan = await bed.plan({ query: 'queue:orders' })
  await bed.store.pool.query(`update letter_content set body = 'forged' where id = $1`, [broken])
  bed.replayer()
  const { id } = await bed.run(plan)
  const run = await until('done', async () => {
    const view = await bed.runOf(id)
    return view.state === 'done' ? view : undefined
  })
  assert.deepEqual(run.sends, { intended: 0, sent: 1, notSent: 1, uncertain: 0 })
  assert.deepEqual(bodies(bed), ['right'])
  assert.deepEqual(await bed.states(), { open: 1, replayed: 1 })
})

test('a selection is one thing, says something, and is never everything by mistake', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  for (const selection of [{}, { query: '' }, { query: '  ' }, { query: 'queue:orders', letters: [] }, { letters: [] }])
    await assert.rejects(bed.plan(selection), { code: 'REQUEST_INVALID' }, JSON.stringify(selection))
  for (const query of ['x1', '!!', '"  "', '--', 'text:ab'])
    await assert.rejects(bed.plan({ query }), { code: 'QUERY_INVALID' }, query)
  await assert.rejects(bed.plan({ cause: 'c_0000000000000' }), { code: 'NOT_FOUND' })
  await assert.rejects(bed.plan({ cause: 'c_0000000000000 state:any' }), { code: 'NOT_FOUND' })
  const plan = await bed.plan({ letters: [showLetterId('00000000-0000-7000-8000-000000000000')] })
  assert.deepEqual([plan.letters, plan.skipped], [0, { missing: 1 }])
})
