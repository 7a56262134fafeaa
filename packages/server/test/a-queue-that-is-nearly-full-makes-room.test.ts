import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '@redrive/worker'
import { type ArchivePlace, openArchivePlace, restoreLetters } from '../src/archive/index.ts'
import { recountKept } from '../src/caps/index.ts'
import { listCauses, lookAtCause } from '../src/causes/index.ts'
import { type CapPolicy, defaultRetention, noCap } from '../src/config/index.ts'
import { examine, type Finding } from '../src/doctor/index.ts'
import { discardLetters } from '../src/letters/index.ts'
import { keepRoom, passOnce, showRetention } from '../src/retention/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { keptOf } from '../src/store/queue-kept.ts'
import { type OfficeBed, officeBed } from './office-bed.ts'
import { aged, neverAborted } from './retention-bed.ts'

const twenty: CapPolicy = { ...noCap, letters: 20, whenReached: 'archive' }

async function placeOf(t: TestContext): Promise<ArchivePlace> {
  const folder = await mkdtemp(path.join(tmpdir(), 'redrive-archive-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return openArchivePlace({ folder })
}

/** Twenty letters of one cause, of which some were discarded so many days ago. @returns their ids, the oldest first */
async function crowded(bed: OfficeBed, ended: { readonly letters: number; readonly days: number }): Promise<string[]> {
  const ids = await bed.captured(...Array.from({ length: 20 }, () => ({})))
  ids.sort()
  const chosen = ids.slice(0, ended.letters)
  if (chosen.length > 0) {
    const selection = { letters: chosen.map(showLetterId) }
    await discardLetters(bed.store, { selection, by: 'ann', reason: 'x', nowMs: Date.now() })
    await aged(bed, chosen, ended.days)
  }
  return ids
}

function roomOf(
  { store }: OfficeBed,
  options: { readonly most?: CapPolicy; readonly place: ArchivePlace | null },
): { look(): Promise<void>; readonly told: string[]; laterMs: number } {
  const told: string[] = []
  const room = { look: () => keeper.look(), told, laterMs: 0 }
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + room.laterMs }
  const keeper = keepRoom(store, {
    most: twenty,
    ...options,
    signal: neverAborted,
    clock,
    tell: (line) => told.push(line),
  })
  return room
}

async function statesOf({ store }: OfficeBed, ids: readonly string[]): Promise<string[]> {
  const { rows } = await store.pool.query<{ state: string }>(
    'select state::text from letter where id = any($1::uuid[]) order by id',
    [ids],
  )
  return rows.map(({ state }) => state)
}

async function findings({ store }: OfficeBed, most: CapPolicy, code: string): Promise<readonly Finding[]> {
  const { findings: all } = await examine(store, {
    unaccounted: 0,
    captures: [],
    most,
    disk: null,
    olderThanDays: 7,
    nowMs: Date.now(),
  })
  return all.filter((each) => each.code === code)
}

const counted = async ({ store }: OfficeBed) => (await keptOf(store.pool))[0]?.letters

test('the oldest that are done with are archived until a fifth of the cap is free, and come back whole', async (t) => {
  const bed = await officeBed(t)
  const place = await placeOf(t)
  const ids = await crowded(bed, { letters: 10, days: 8 })
  const room = roomOf(bed, { place })
  await room.look()
  assert.deepEqual(await statesOf(bed, ids.slice(0, 5)), ['archived', 'archived', 'archived', 'archived', 'discarded'])
  assert.equal(await counted(bed), 16)
  assert.deepEqual(room.told, ['orders was nearly full: 4 of its oldest letters were archived'])
  await bed.balanced()
  const { passes } = await showRetention(bed.store, { retention: defaultRetention, days: 0 })
  assert.deepEqual(
    passes.map(({ by, state, archived, deleted }) => ({ by, state, archived, deleted })),
    [{ by: 'the cap of orders', state: 'done', archived: 4, deleted: 0 }],
  )
  const { rows: audit } = await bed.store.pool.query(
    `select actor, details from audit where action = 'letters.retention'`,
  )
  assert.deepEqual(audit, [{ actor: 'the cap of orders', details: { deleted: 0, archived: 4 } }])
  // There is room now: nothing more happens.
  await room.look()
  assert.equal(await counted(bed), 16)
  await restoreLetters(bed.store, place, {
    selection: { query: 'queue:orders' },
    by: 'ann',
    reason: 'x',
    nowMs: Date.now(),
  })
  assert.equal(await counted(bed), 20)
  await bed.balanced()
})

test('below nine tenths nothing is archived, and a discard that can still be undone never is', async (t) => {
  const bed = await officeBed(t)
  const place = await placeOf(t)
  const ids = await crowded(bed, { letters: 10, days: 6 })
  await roomOf(bed, { place }).look()
  await roomOf(bed, { place, most: { ...twenty, letters: 23 } }).look()
  assert.deepEqual(await bed.states(), { discarded: 10, open: 10 })
  await aged(bed, ids.slice(0, 10), 2)
  await roomOf(bed, { place, most: { ...twenty, letters: 23 } }).look()
  assert.deepEqual(await bed.states(), { discarded: 10, open: 10 })
  await roomOf(bed, { place }).look()
  assert.deepEqual(await bed.states(), { archived: 4, discarded: 6, open: 10 })
})

test('open letters stay, unless the policy says otherwise in words and somebody has looked at their cause', async (t) => {
  const bed = await officeBed(t)
  const place = await placeOf(t)
  await crowded(bed, { letters: 1, days: 8 })
  const openToo: CapPolicy = { ...twenty, open: 'archive-looked-at' }
  const unseen = roomOf(bed, { place, most: openToo })
  await unseen.look()
  assert.deepEqual(await bed.states(), { archived: 1, open: 19 }, 'nobody has looked')
  const [cause] = (await listCauses(bed.store)).causes
  await lookAtCause(bed.store, { cause: cause?.id ?? '', by: 'ann' })
  const keeps = roomOf(bed, { place })
  await keeps.look()
  assert.deepEqual(await bed.states(), { archived: 1, open: 19 }, 'the policy does not say it')
  unseen.laterMs = 600_000
  await unseen.look()
  assert.deepEqual(await bed.states(), { archived: 4, open: 16 })
  await bed.balanced()
})

test('a queue that pushes back archives nothing, and a letter that others of its key wait behind stays', async (t) => {
  const bed = await officeBed(t)
  const place = await placeOf(t)
  const [first = ''] = await crowded(bed, { letters: 4, days: 8 })
  await roomOf(bed, { place, most: { ...twenty, whenReached: 'push-back' } }).look()
  assert.deepEqual(await bed.states(), { discarded: 4, open: 16 })
  await bed.store.pool.query(
    `with line as (insert into key_line (queue_id, consumer, key) select queue_id, 'reefer', 'k' from letter where id = $1 returning id)
     insert into letter_line (letter_id, line_id, at) select $1, id, 1 from line`,
    [first],
  )
  await roomOf(bed, { place }).look()
  assert.deepEqual(await statesOf(bed, [first]), ['discarded'])
  assert.deepEqual(await bed.states(), { archived: 3, discarded: 1, open: 16 })
})

test('bytes make room as letters do', async (t) => {
  const bed = await officeBed(t)
  const place = await placeOf(t)
  await crowded(bed, { letters: 20, days: 8 })
  const [kept] = await keptOf(bed.store.pool)
  await roomOf(bed, { place, most: { ...noCap, bytes: kept?.bytes ?? 0, whenReached: 'archive' } }).look()
  const [left] = await keptOf(bed.store.pool)
  const share = (left?.bytes ?? 0) / (kept?.bytes ?? 1)
  assert.ok(share <= 0.8 && share > 0.7, String(share))
})

test('replays whose outcome is awaited, and letters that others wait behind, are not archived to make room', async (t) => {
  const bed = await officeBed(t)
  const place = await placeOf(t)
  const ids = await crowded(bed, { letters: 0, days: 0 })
  bed.replayer()
  await bed.replayed({ letters: ids.map(showLetterId) })
  assert.deepEqual(await bed.states(), { replayed: 20 })
  await roomOf(bed, { place }).look()
  assert.deepEqual(await bed.states(), { replayed: 20 })
  await bed.store.pool.query('update intent set closed_at = now()')
  await roomOf(bed, { place }).look()
  assert.deepEqual(await bed.states(), { archived: 4, replayed: 16 })
})

test('where letters cannot be archived the doctor says why; it is tried again, and over once there is room', async (t) => {
  const bed = await officeBed(t)
  const place = await placeOf(t)
  await crowded(bed, { letters: 10, days: 8 })
  const nowhere = roomOf(bed, { place: null })
  await nowhere.look()
  const [finding] = await findings(bed, twenty, 'retention-stopped')
  assert.deepEqual([finding?.queue, finding?.severity], ['orders', 'problem'])
  assert.match(finding?.why ?? '', /^letters are to be archived, and redrive\.yaml names no place/)
  const broken: ArchivePlace = {
    ...place,
    description: 'a broken disk',
    put: () => Promise.reject(new Error('no space')),
  }
  const room = roomOf(bed, { place: broken })
  await room.look()
  assert.match(room.told.join(), /no room could be made.*no space/)
  assert.match((await findings(bed, twenty, 'retention-stopped'))[0]?.why ?? '', /^no space/)
  assert.deepEqual(await bed.states(), { discarded: 10, open: 10 })
  await roomOf(bed, { place, most: { ...twenty, letters: 100 } }).look()
  assert.deepEqual(await findings(bed, twenty, 'retention-stopped'), [], 'the cap was raised')
  const mended = roomOf(bed, { place })
  await mended.look()
  await mended.look()
  assert.deepEqual(await findings(bed, twenty, 'retention-stopped'), [])
  assert.deepEqual(await bed.states(), { archived: 4, discarded: 6, open: 10 })
})

test('what failed for room is not forgotten by a pass of time, nor the other way round', async (t) => {
  const bed = await officeBed(t)
  await crowded(bed, { letters: 10, days: 8 })
  await roomOf(bed, { place: null }).look()
  const pass = () => passOnce(bed.store, { retention: defaultRetention, place: null, signal: neverAborted })
  await pass()
  assert.equal((await findings(bed, twenty, 'retention-stopped')).length, 1)
  await bed.store.pool.query(
    `insert into retention_pass (id, by, state, letters, to_delete, to_archive, started_at) values (gen_random_uuid(), 'x', 'asks', 9, 9, 0, now() - interval '1 h')`,
  )
  const found = await findings(bed, twenty, 'retention-stopped')
  assert.deepEqual(found.map(({ queue }) => queue).toSorted(), ['orders', null].toSorted())
})

test('two offices that look at once archive what has to go, not twice as much', async (t) => {
  const bed = await officeBed(t)
  const place = await placeOf(t)
  await crowded(bed, { letters: 20, days: 8 })
  await Promise.all([roomOf(bed, { place }).look(), roomOf(bed, { place }).look(), roomOf(bed, { place }).look()])
  assert.deepEqual(await bed.states(), { archived: 4, discarded: 16 })
})

test('an office whose turn comes when another has just made room makes no more', async (t) => {
  const bed = await officeBed(t)
  const place = await placeOf(t)
  await crowded(bed, { letters: 20, days: 8 })
  let turns = 0
  const connect = async () => {
    turns += 1
    if (turns === 1) await roomOf(bed, { place }).look()
    return bed.store.pool.connect()
  }
  const pool = new Proxy(bed.store.pool, {
    get: (target, name) => {
      if (name === 'connect') return connect
      const value = Reflect.get(target, name, target) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  await roomOf({ ...bed, store: { ...bed.store, pool } }, { place }).look()
  assert.equal(turns, 1)
  assert.deepEqual(await bed.states(), { archived: 4, discarded: 16 })
})

test('a queue of which nothing could be archived is looked through again after ten minutes', async (t) => {
  const bed = await officeBed(t)
  const room = roomOf(bed, { place: await placeOf(t) })
  const ids = await crowded(bed, { letters: 10, days: 1 })
  await room.look()
  await aged(bed, ids.slice(0, 10), 8)
  await room.look()
  assert.deepEqual(await bed.states(), { discarded: 10, open: 10 })
  room.laterMs = 600_000
  await room.look()
  assert.deepEqual(await bed.states(), { archived: 4, discarded: 6, open: 10 })
})

test('what was counted wrongly is put right, whatever comes meanwhile', async (t) => {
  const bed = await officeBed(t)
  await crowded(bed, { letters: 3, days: 8 })
  assert.deepEqual(await recountKept(bed.store), [])
  await bed.store.pool.query('update queue_kept set letters = letters + 7, bytes = bytes - 100')
  assert.equal((await recountKept(bed.store)).length, 1)
  assert.equal(await counted(bed), 20)
  assert.deepEqual(await recountKept(bed.store), [])
  await bed.store.pool.query('delete from queue_kept')
  await recountKept(bed.store)
  assert.equal(await counted(bed), 20)
})
