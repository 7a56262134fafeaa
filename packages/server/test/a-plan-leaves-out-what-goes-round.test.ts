import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRedriveError, PermanentError } from '@redrive/worker'
import { createPlan, noControl } from '../src/replay/index.ts'
import { findSuperseded } from '../src/replay/superseded.ts'
import { type OfficeBed, officeBed, until } from './office-bed.ts'

/** As somebody asks for it who knows nothing of limits. */
const planned = (bed: OfficeBed, nowMs = Date.now()) =>
  bed.plan({ query: 'queue:orders' }, { nowMs, limits: { beyondCap: false } })

test('a letter that always dies again rests longer each time, and ends at the cap', async (t) => {
  const bed = await officeBed(t)
  const [first = ''] = await bed.captured({ body: 'never' })
  await bed.worker({
    handle: () => {
      throw new PermanentError('still broken')
    },
  })
  bed.replayer()
  let letters = 1
  for (const restMs of [0, 5_000, 10_000, 20_000, 40_000]) {
    const nowMs = Date.now()
    if (restMs > 0) {
      const early = await planned(bed, nowMs + restMs / 2)
      assert.deepEqual([early.letters, early.skipped], [0, { 'too-soon': 1 }], `after ${letters} deaths`)
    }
    const plan = await planned(bed, nowMs + restMs + 1_000)
    assert.equal(plan.letters, 1, `after ${letters} deaths and ${restMs} ms`)
    await bed.run(plan)
    letters += 1
    await until('it died again', async () => {
      const { rows } = await bed.store.pool.query('select from letter')
      return rows.length === letters ? true : undefined
    })
  }
  // Six deaths: no rest is long enough.
  const capped = await planned(bed, Date.now() + 30 * 86_400_000)
  assert.deepEqual([capped.letters, capped.skipped, capped.limits.maxHops], [0, { 'over-cap': 1 }, 5])
  const beyond = await bed.plan({ query: 'queue:orders' }, { limits: { beyondCap: true } })
  assert.deepEqual([beyond.letters, beyond.limits.beyondCap], [1, true])
  assert.equal(
    (
      await bed.plan(
        { query: 'queue:orders' },
        { limits: { beyondCap: false, maxHops: 6 }, nowMs: Date.now() + 86_400_000 },
      )
    ).letters,
    1,
  )
  assert.ok(first)
})

test('a letter with a newer one of its key is told of, and left out on demand', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(
    { key: 'ord-1', body: 'old' },
    { key: 'ord-2', body: 'only' },
    { key: null, body: 'no key' },
    { key: null, body: 'no key either' },
  )
  const [newest = ''] = await bed.captured({ key: 'ord-1', body: 'new', error: 'something else' })
  await bed.captured({ key: 'ord-2', body: 'another queue', queue: 'bills' })
  const plan = await planned(bed)
  assert.deepEqual([plan.letters, plan.superseded, plan.skipped], [5, 1, {}])
  const without = await bed.plan({ query: 'queue:orders' }, { limits: { skipSuperseded: true } })
  assert.deepEqual([without.letters, without.superseded, without.skipped], [4, 0, { superseded: 1 }])
  const { rows } = await bed.store.pool.query(
    `select convert_from(body, 'UTF8') as body from plan_letter p join letter_content c on c.id = p.letter_id
     where plan_id = (select id from plan order by created_at desc limit 1)`,
  )
  assert.deepEqual(rows.map(({ body }) => body).toSorted(), ['new', 'no key', 'no key either', 'only'])
  assert.ok(newest)
})

test('where comparing keys takes too long that is said, and the plan is made all the same', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured({ key: 'a' }, { key: 'a' })
  const held = await bed.store.pool.connect()
  try {
    // Somebody changes the table: the question waits, and gives up.
    await held.query('begin')
    await held.query('lock letter in access exclusive mode')
    await bed.store.transaction(async (client) => {
      assert.equal(await findSuperseded(client, ids.toSorted(), 100), null)
      await held.query('rollback')
      const { rows } = await client.query('select count(*)::int as letters from letter')
      assert.equal(rows[0]?.letters, 2, 'the transaction goes on')
      assert.equal((await (await findSuperseded(client, ids.toSorted(), 5_000))?.of(ids))?.size, 1)
    })
  } finally {
    held.release()
  }
})

test('a plan to the origin names who was seen to read there, and what is not sent', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({ consumer: 'reefer' }, { consumer: 'billing' }, { consumer: 'reefer' })
  const plan = await bed.plan({ query: 'queue:orders' }, { destination: 'origin' })
  assert.deepEqual(plan.listeners, [{ queue: 'orders', consumers: ['billing', 'reefer'] }])
  assert.ok(plan.strips.includes('redrive'), `${plan.strips}`)
  assert.deepEqual((await planned(bed)).listeners, [], 'a lane is read by nobody else')
})

test('a canary keeps its size when letters of the sample may not be sent', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured(...Array.from({ length: 20 }, (_, n) => ({ release: n < 10 ? '1' : '2' })))
  await bed.store.pool.query('update letter_content set hops = 9 where id = any($1)', [ids.slice(0, 10)])
  const plan = await bed.plan({ query: 'queue:orders' }, { control: { canary: 4 }, limits: { beyondCap: false } })
  assert.deepEqual([plan.letters, plan.skipped, plan.control.canary], [10, { 'over-cap': 10 }, 4])
})

test('whoever goes away while a plan is made ends it, and nothing is kept', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({ body: 'a' }, { body: 'b' })
  const gone = new AbortController()
  const held = await bed.store.pool.connect()
  await held.query('begin')
  await held.query('lock letter_content in access exclusive mode')
  const planning = createPlan(bed.store, new Map([['memory', bed.broker]]), {
    selection: { query: 'queue:orders' },
    destination: 'lane',
    control: noControl,
    by: 'test',
    reason: null,
    nowMs: Date.now(),
    signal: gone.signal,
  })
  const ended = assert.rejects(
    planning,
    (error) => isRedriveError(error, 'STATE_CONFLICT') && /cancelled/.test(error.message),
  )
  await until('it waits for the lock', async () => {
    const { rows } = await bed.store.pool.query(`select from pg_locks where not granted`)
    return rows.length > 0 ? true : undefined
  })
  const startedMs = performance.now()
  gone.abort()
  try {
    await ended
  } finally {
    await held.query('rollback')
    held.release()
  }
  assert.ok(performance.now() - startedMs < 5_000)
  for (const table of ['plan', 'plan_letter', 'audit']) {
    const { rows } = await bed.store.pool.query(`select count(*)::int as count from ${table}`)
    assert.equal(rows[0]?.count, 0, table)
  }
  assert.equal((await planned(bed)).letters, 2, 'its connection is as good as before')
})

test('a client that hangs up ends its plan', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({ body: 'a' })
  const { server, token } = await bed.http()
  const held = await bed.store.pool.connect()
  const waiting = async (): Promise<number> =>
    (await bed.store.pool.query('select from pg_locks where not granted')).rowCount ?? 0
  try {
    await held.query('begin')
    await held.query('lock letter_content in access exclusive mode')
    const client = new AbortController()
    const asked = fetch(`${server.url}/api/v1/plans`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ selection: { query: 'queue:orders' }, by: 'ann' }),
      signal: client.signal,
    })
    const ended = assert.rejects(asked, { name: 'AbortError' })
    await until('it waits for the lock', async () => ((await waiting()) > 0 ? true : undefined))
    client.abort()
    await ended
    await until('nobody waits any more', async () => ((await waiting()) === 0 ? true : undefined))
  } finally {
    await held.query('rollback')
    held.release()
  }
  assert.equal((await bed.store.pool.query('select from plan')).rowCount, 0)
})
