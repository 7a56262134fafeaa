import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  type ArchivePlace,
  listArchives,
  openArchivePlace,
  readArchived,
  removeUnneeded,
  restoreLetters,
  verifyAll,
} from '../src/archive/index.ts'
import { defaultRetention } from '../src/config/index.ts'
import { readLetters } from '../src/in-common/read-letters.ts'
import { TokenCounts } from '../src/in-common/token-counts.ts'
import { discardLetters, listLetters } from '../src/letters/index.ts'
import { diffVersions, editLetter, listVersions } from '../src/repair/index.ts'
import { beginPass, carryOutPass } from '../src/retention/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { api } from './api-bed.ts'
import { commandLine } from './command-line.ts'
import { type DeadLetter, type OfficeBed, officeBed } from './office-bed.ts'
import { aged, capturedIn, neverAborted, passed } from './retention-bed.ts'

const archiving = { ...defaultRetention, afterwards: 'archive' as const }

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'redrive-archive-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const awkward: readonly DeadLetter[] = [
  { body: Buffer.from([0, 255, 254, 128]), key: '', headers: [{ name: 'x', value: null }] },
  { body: 'order 4711 of Ms. Ada', key: 'order-4711', stack: 'Error: no answer\n    at pay (/app/pay.js:3:1)' },
  {
    body: '',
    headers: [
      { name: 'twice', value: Buffer.from('1') },
      { name: 'twice', value: Buffer.from([200]) },
    ],
  },
]

/** Captured, discarded, and old enough. */
async function due(bed: OfficeBed, letters: readonly DeadLetter[] = awkward): Promise<string[]> {
  const ids = await bed.captured(...letters)
  await discardLetters(bed.store, { selection: { query: 'queue:orders' }, by: 'ann', reason: 'why', nowMs: Date.now() })
  await aged(bed, ids, 40)
  return ids
}

async function contents(bed: OfficeBed): Promise<readonly unknown[]> {
  const { rows } = await bed.store.pool.query(
    'select c.*, v.version, v.body as edited, v.headers as edited_headers from letter_content c left join letter_version v on v.letter_id = c.id order by c.id, v.version',
  )
  return rows
}

const restore = (bed: OfficeBed, place: ArchivePlace, query = 'queue:orders', expect?: number) =>
  restoreLetters(bed.store, place, {
    selection: { query },
    by: 'ann',
    reason: 'asked for',
    nowMs: Date.now(),
    ...(expect === undefined ? {} : { expect }),
  })

test('letters are archived, found by what is known of them, and come back byte for byte', async (t) => {
  const bed = await officeBed(t)
  const folder = await folderOf(t)
  const place = openArchivePlace({ folder })
  const [first = ''] = await bed.captured({
    body: 'was wrong',
    key: 'order-1',
    headers: [{ name: 'h', value: Buffer.from('v') }],
  })
  await editLetter(bed.store, {
    letter: showLetterId(first),
    change: { body: { text: 'is right' } },
    by: 'ann',
    reason: 'typo',
  })
  await due(bed)
  await aged(bed, [first], 40)
  const before = await contents(bed)
  assert.deepEqual(await passed(bed, archiving, place), { deleted: 0, archived: 4, freedBytes: 0 })
  assert.deepEqual(await bed.states(), { archived: 4 })
  const { rows: left } = await bed.store.pool.query(
    `select count(*) filter (where body is not null or stack is not null or properties is not null)::int as n from letter_content
     union all select count(*) filter (where body is not null)::int from letter_version`,
  )
  assert.deepEqual(left, [{ n: 0 }, { n: 0 }], 'no bytes are left')
  await bed.balanced()

  const { letters } = await listLetters(bed.store, {
    query: 'state:archived key:order-4711',
    limit: 10,
    nowMs: Date.now(),
  })
  assert.deepEqual(
    letters.map(({ key, state }) => [key, state]),
    [['order-4711', 'archived']],
  )
  const one = await readArchived(bed.store, { place, id: first })
  assert.equal(Buffer.from(one?.versions[0]?.body ?? '').toString(), 'is right')

  await assert.rejects(listVersions(bed.store, showLetterId(first)), { code: 'STATE_CONFLICT' })
  await assert.rejects(diffVersions(bed.store, showLetterId(first), {}), { code: 'STATE_CONFLICT' })
  const { archives } = await listArchives(bed.store, { limit: 10 })
  assert.deepEqual(
    archives.map((each) => [each.letters, each.left, each.problem]),
    [[4, 4, null]],
  )
  for (const wrong of [3, 5]) await assert.rejects(restore(bed, place, 'queue:orders', wrong), { code: 'PLAN_STALE' })
  assert.deepEqual(await restore(bed, place), { restored: 4, skipped: 0 })
  assert.deepEqual(await contents(bed), before)
  assert.deepEqual(await bed.states(), { discarded: 4 })
  await bed.balanced()
  assert.deepEqual(
    await passed(bed, archiving, place),
    { deleted: 0, archived: 0, freedBytes: 0 },
    'its time begins anew',
  )
  await removeUnneeded(bed.store, place)
  assert.equal((await readdir(folder)).length, 3, 'an older backup may still need it')
  await bed.store.pool.query(`update archive set emptied_at = emptied_at - interval '31 days'`)
  await removeUnneeded(bed.store, place)
  assert.deepEqual(await readdir(folder), [], 'an archive that nobody needs is gone')
  assert.deepEqual((await listArchives(bed.store, { limit: 10 })).archives, [])
})

for (const [which, count] of [
  ['some', 4],
  ['all', 5],
] as const)
  test(`a month of which ${which} letters lie in archives is written anew without their bytes, and they come back into it`, async (t) => {
    const bed = await officeBed(t)
    const place = openArchivePlace({ folder: await folderOf(t) })
    const ids = await bed.captured(...awkward, { body: 'x'.repeat(100_000) }, { body: 'the last' })
    const change = { body: { text: 'y'.repeat(100_000) } }
    await editLetter(bed.store, { letter: showLetterId(ids[1] ?? ''), change, by: 'ann', reason: 'typo' })
    const there = await capturedIn(bed, ids, '2025-05')
    await bed.store.pool.query(`begin; set local redrive.ends = 'on';
      update letter_version set letter_id = '${there[1]}'; commit`)
    const letters = there.slice(0, count).map(showLetterId)
    await discardLetters(bed.store, { selection: { letters }, by: 'ann', reason: 'why', nowMs: Date.now() })
    await aged(bed, there, 40)
    const before = await contents(bed)
    const { archived, freedBytes } = await passed(bed, archiving, place)
    assert.equal(archived, count)
    assert.ok(freedBytes > 50_000, String(freedBytes))
    const { rows } = await bed.store.pool.query('select from letter_version where body is not null')
    assert.equal(rows.length, 0)
    assert.deepEqual(await restore(bed, place), { restored: count, skipped: 0 })
    assert.deepEqual(await contents(bed), before)
    await bed.balanced()
  })

test('whatever fails on the way: the letters are in the office or in the archive, and the next pass goes on', async (t) => {
  const bed = await officeBed(t)
  const folder = await folderOf(t)
  const whole = openArchivePlace({ folder })
  await due(bed)
  const before = await contents(bed)
  for (const failing of ['put 1', 'put 2', 'open', 'commit']) {
    let puts = 0
    const place: ArchivePlace = {
      ...whole,
      async put(name, bytes) {
        puts += 1
        if (failing === `put ${puts}`) throw new Error('the disk is full')
        await whole.put(name, bytes)
        if (failing === 'commit' && name.endsWith('.json'))
          await bed.store.pool.query('alter table archived_letter add constraint refuse check (false)')
      },
      open: (name) => (failing === 'open' ? Promise.reject(new Error('gone')) : whole.open(name)),
    }
    await assert.rejects(passed(bed, archiving, place))
    await bed.store.pool.query('alter table archived_letter drop constraint if exists refuse')
    assert.deepEqual(await bed.states(), { discarded: 3 }, failing)
    assert.deepEqual(await contents(bed), before)
    await bed.balanced()
    await removeUnneeded(bed.store, whole)
    assert.deepEqual(await readdir(folder), [], failing)
  }
  assert.equal((await passed(bed, archiving, whole)).archived, 3)
})

test('a letter that changes while it is archived stays as it is, and nothing of it is left there', async (t) => {
  const bed = await officeBed(t)
  const folder = await folderOf(t)
  const whole = openArchivePlace({ folder })
  const [id] = await due(bed)
  const place: ArchivePlace = {
    ...whole,
    async put(name, bytes) {
      await whole.put(name, bytes)
      await bed.store.pool.query('update letter set revision = revision + 1 where id = $1', [id])
    },
  }
  assert.equal((await passed(bed, archiving, place)).archived, 0)
  assert.deepEqual(await bed.states(), { discarded: 3 })
  assert.deepEqual(await readdir(folder), [])
})

test('what rotted in the office is not archived as if it were whole', async (t) => {
  const bed = await officeBed(t)
  const place = openArchivePlace({ folder: await folderOf(t) })
  const [rotten = ''] = await due(bed)
  await bed.store.pool.query(`update letter_content set body = '\\x01' where id = $1`, [rotten])
  assert.equal((await passed(bed, archiving, place)).archived, 2)
  const { rows } = await bed.store.pool.query<{ state: string; problem: string }>(
    'select state, problem from retention_pass',
  )
  assert.equal(rows[0]?.state, 'failed')
  assert.ok(rows[0]?.problem.includes(showLetterId(rotten)))
})

test('archives that are damaged, gone or unknown are named, and nothing is restored from them', async (t) => {
  const bed = await officeBed(t)
  const folder = await folderOf(t)
  const place = openArchivePlace({ folder })
  await due(bed, [...awkward, { body: 'marker-in-the-body'.repeat(50) }])
  await passed(bed, archiving, place)
  const verdicts = async () => {
    const all = []
    for await (const verdict of verifyAll(bed.store, place)) all.push(verdict)
    return all.map(({ problems }) => problems.length > 0)
  }
  assert.deepEqual(await verdicts(), [false])
  const file = path.join(folder, (await readdir(folder)).find((name) => name.endsWith('letters.parquet')) ?? '')
  const bytes = await readFile(file)
  const bent = Buffer.from(bytes)
  bent[200] = (bent[200] ?? 0) ^ 1
  await writeFile(file, bent)
  assert.deepEqual(await verdicts(), [true])
  assert.equal((await listArchives(bed.store, { limit: 1 })).archives[0]?.problem === null, false)
  await assert.rejects(restore(bed, place), { code: 'ARCHIVE_UNREADABLE' })
  assert.deepEqual(await bed.states(), { archived: 4 })
  await writeFile(file, bytes)
  // Another letter where one should be.
  await bed.store.pool.query('update archived_letter set row = 3 - row')
  assert.deepEqual(await verdicts(), [true])
  await bed.store.pool.query('update archived_letter set row = 3 - row')
  const other = '01a00000-0000-7000-8000-000000000000'
  await writeFile(path.join(folder, `a_${other}.manifest.json`), '{}')
  assert.deepEqual(await verdicts(), [false, true])
  await rm(file)
  assert.deepEqual(await verdicts(), [true, true])
  await bed.balanced()
})

test('where no place for archives is named, nothing is archived, and somebody is told', async (t) => {
  const bed = await officeBed(t)
  await due(bed)
  assert.equal((await passed(bed, archiving)).archived, 0)
  await passed(bed, archiving)
  const { rows } = await bed.store.pool.query('select state from retention_pass')
  assert.deepEqual(rows, [{ state: 'failed' }])
  assert.deepEqual(await bed.states(), { discarded: 3 })
})

test('an archive of many letters is read row by row and as a whole', async (t) => {
  const bed = await officeBed(t)
  const place = openArchivePlace({ folder: await folderOf(t) })
  const many = Array.from({ length: 1_100 }, (_, n) => ({ body: `body ${n}`, key: `k-${n}` }))
  const ids = await due(bed, many)
  const before = await contents(bed)
  const pass = await beginPass(bed.store, { retention: archiving, place })
  assert.ok(pass !== null)
  await carryOutPass(bed.store, pass, { signal: neverAborted })
  const some = ids.filter((_, n) => n % 300 === 0)
  const few = await restoreLetters(bed.store, place, {
    selection: { letters: some.map(showLetterId) },
    by: 'ann',
    reason: 'a few',
    nowMs: Date.now(),
  })
  assert.deepEqual(few, { restored: some.length, skipped: 0 })
  assert.equal((await restore(bed, place)).restored, 1_100 - some.length)
  assert.deepEqual(await contents(bed), before)
  await bed.balanced()
})

test('a place that does not keep what it was given gets no letter to keep', async (t) => {
  const bed = await officeBed(t)
  const folder = await folderOf(t)
  const whole = openArchivePlace({ folder })
  await due(bed)
  const place: ArchivePlace = {
    ...whole,
    put(name, bytes) {
      const bent = Buffer.from(bytes)
      if (name.endsWith('letters.parquet')) bent[200] = (bent[200] ?? 0) ^ 1
      return whole.put(name, bent)
    },
  }
  await assert.rejects(passed(bed, archiving, place), { code: 'ARCHIVE_UNWRITABLE' })
  assert.deepEqual(await bed.states(), { discarded: 3 })
  await removeUnneeded(bed.store, whole)
  assert.deepEqual(await readdir(folder), [])
})

test('another letter’s bytes are not restored', async (t) => {
  const bed = await officeBed(t)
  const place = openArchivePlace({ folder: await folderOf(t) })
  const [id] = await due(bed)
  await passed(bed, archiving, place)
  await bed.store.pool.query(`update letter_content set body_sha256 = sha256('other') where id = $1`, [id])
  await assert.rejects(restore(bed, place), { code: 'ARCHIVE_UNREADABLE' })
  assert.deepEqual(await bed.states(), { archived: 3 })
  await bed.balanced()
})

test('what archived letters lack here is not what they have in common', async (t) => {
  const bed = await officeBed(t)
  const place = openArchivePlace({ folder: await folderOf(t) })
  const ids = await due(bed)
  const [open = ''] = await bed.captured({ body: 'open' })
  await passed(bed, archiving, place)
  const looked = await readLetters(bed.store.pool, [...ids, open], { side: 'set', counts: new TokenCounts() })
  assert.equal(looked.letters, 1)
})

test('from the command line an archived letter is shown, without versions, which are not read there', async (t) => {
  const folder = await folderOf(t)
  const place = openArchivePlace({ folder })
  const { bed, url, token } = await api(t, { place })
  const [id = ''] = await due(bed)
  assert.equal((await passed(bed, archiving, place)).archived, 3)
  const { code, out, err } = await commandLine({ url, token })('letter', 'show', showLetterId(id))
  assert.deepEqual([code, /archived/.test(out)], [0, true], err)
  assert.doesNotMatch(err, /error/)
})
