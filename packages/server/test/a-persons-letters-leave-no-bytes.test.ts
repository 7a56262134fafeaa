import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { lookOnce } from '../src/alerts/index.ts'
import { openArchivePlace, readArchived, restoreLetters, verifyAll } from '../src/archive/index.ts'
import { listAudit } from '../src/audit/index.ts'
import { commentOnCause } from '../src/causes/index.ts'
import { defaultRetention } from '../src/config/index.ts'
import { beginErasure, erasureOnce, planErasure, showErasure } from '../src/erasure/index.ts'
import { discardLetters } from '../src/letters/index.ts'
import { editLetter } from '../src/repair/index.ts'
import { startEmbeddedPostgres } from '../src/store/embedded/index.ts'
import { showCauseId, showLetterId } from '../src/store/ids.ts'
import { type DeadLetter, type OfficeBed, officeBed } from './office-bed.ts'
import { aged, neverAborted, passed } from './retention-bed.ts'

/** In everything that is of this person alone. */
const mark = 'qzxmarkvwj'
const key = `anna-${mark}@example.com`
const archiving = { ...defaultRetention, afterwards: 'archive' as const }

const annas = (which: string): DeadLetter => ({
  body: JSON.stringify({ name: `Anna ${mark} ${which}`, filler: 'x'.repeat(3_000) }),
  key,
  headers: [{ name: `for-${mark}`, value: Buffer.from(`value ${mark}`) }],
  errorClass: 'CustomerError',
  error: `customer ${mark} is not known`,
  stack: `CustomerError: customer ${mark} is not known\n    at pay${mark} (/app/pay.js:3:1)`,
})
const berts = (which: string): DeadLetter => ({
  body: `Bert ${which}`,
  key: 'bert-4711',
  headers: [{ name: 'tenant', value: Buffer.from('acme') }],
  errorClass: 'TimeoutError',
  error: 'no answer in 5 s',
})

test('an office whose letters of a person were erased holds no byte of them, in its data folder or its archives', async (t) => {
  const data = await folderOf(t)
  const archive = await folderOf(t)
  const server = await startEmbeddedPostgres({ dataDir: data, durable: false, settings: { autovacuum: 'off' } })
  const bed = await officeBed(t, { database: { url: server.url, drop: () => server.stop() } })
  const place = openArchivePlace({ folder: archive })
  const planted = await plant(bed, place)
  await bed.store.pool.query('analyze; checkpoint')
  await failWith(bed, mark)
  // The log's files with it wait to be used again.
  await bed.store.pool.query('select pg_switch_wal(); checkpoint')
  const before = hitsIn(data)
  const log = before.filter((file) => file.includes('pg_wal'))
  const { rows: inUse } = await bed.store.pool.query<{ name: string }>(
    'select pg_walfile_name(pg_current_wal_lsn()) as name',
  )
  assert.ok(
    log.some((file) => path.basename(file) > (inUse[0]?.name ?? '')),
    log.join('\n'),
  )
  assert.ok(log.length > 0 && before.length > 5, before.join('\n'))
  const kept = await contentsOf(bed, planted.berts)
  assert.deepEqual(await archivedMarks(bed, place), [planted.archived])

  const id = await planErasure(bed.store, { selection: { key }, by: 'dpo', nowMs: Date.now() })
  const plan = await showErasure(bed.store, id)
  assert.equal(plan.letters, 4)
  assert.deepEqual(
    plan.left.map(({ state, letters }) => `${letters} ${state}`),
    ['1 archived', '2 discarded', '1 open'],
  )
  assert.ok(
    plan.mentions.office.some(({ place: where }) => where === 'discard.selection'),
    JSON.stringify(plan.mentions),
  )
  assert.deepEqual(plan.mentions.people, [
    { place: 'audit.reason', rows: 2 },
    { place: 'cause_event.said', rows: 1 },
  ])
  await beginErasure(bed.store, { erasure: id, by: 'dpo', reason: 'request 17', expect: 4, alsoWords: true })
  await erasureOnce(bed.store, { place, ownsServer: true, signal: neverAborted })

  const done = await showErasure(bed.store, id)
  assert.deepEqual([done.state, done.erased, done.archives, done.problem, done.left], ['done', 4, 2, null, []])
  assert.ok(done.lettersGoneAt && done.archivesWrittenAt && done.textsGoneAt && done.bytesGoneAt && done.finishedAt)
  await bed.balanced()
  assert.deepEqual(await contentsOf(bed, planted.berts), kept, 'letters of others are as they were, byte for byte')
  assert.deepEqual(await archivedMarks(bed, place), [])
  for await (const verdict of verifyAll(bed.store, place)) assert.deepEqual(verdict.problems, [])
  const other = await readArchived(bed.store, { place, id: planted.archivedOfBert })
  assert.equal(Buffer.from(other?.body ?? '').toString(), 'Bert archived')
  const trail = await listAudit(bed.store, { limit: 50 })
  assert.deepEqual(
    trail
      .filter(({ action }) => action === 'letters.erase')
      .map(({ actor, reason, details }) => [actor, reason, details?.['letters']]),
    [['dpo', 'request 17', 4]],
  )
  await server.stop()
  assert.deepEqual(hitsIn(data), [])
  assert.deepEqual(hitsIn(archive), [])
})

/** PostgreSQL would quote the value in its log. */
async function failWith(bed: OfficeBed, value: string): Promise<void> {
  const client = await bed.store.pool.connect()
  await client.query('create temp table twice (name text unique)')
  await assert.rejects(client.query('insert into twice values ($1), ($1)', [value]), { code: '23505' })
  client.release(true)
}

interface Planted {
  readonly berts: readonly string[]
  readonly archived: string
  readonly archivedOfBert: string
}

async function plant(bed: OfficeBed, place: ReturnType<typeof openArchivePlace>): Promise<Planted> {
  const { store } = bed
  const archive = async (...letters: readonly DeadLetter[]): Promise<readonly string[]> => {
    const ids = await bed.captured(...letters)
    for (const query of [`key:"${key}"`, 'key:bert-4711'])
      await discardLetters(store, { selection: { query }, by: 'ann', reason: 'asked by mail', nowMs: Date.now() })
    await aged(bed, ids, 40)
    assert.equal((await passed(bed, archiving, place)).archived, ids.length)
    return ids
  }
  const [restored = ''] = await archive(annas('restored'))
  // Its bytes stay in the archive for some weeks.
  await restoreLetters(store, place, {
    selection: { letters: [showLetterId(restored)] },
    by: 'ann',
    reason: 'look again',
    nowMs: Date.now(),
  })
  const [archived = '', archivedOfBert = ''] = await archive(annas('archived'), berts('archived'))
  const [open = '', discarded = ''] = await bed.captured(annas('open'), annas('discarded'))
  const others = await bed.captured(berts('one'), berts('two'))
  const change = { body: { text: `corrected for ${mark}` }, headers: [{ op: 'set' as const, name: 'x', value: mark }] }
  await editLetter(store, {
    letter: showLetterId(open),
    change: { body: change.body },
    by: 'ann',
    reason: `typo of ${key}`,
  })
  await discardLetters(store, {
    selection: { letters: [showLetterId(discarded)] },
    by: 'ann',
    reason: 'test',
    nowMs: Date.now(),
  })
  await lookOnce(store, {
    config: { limits: [], routes: [{ notify: ['team'] }] },
    officeUrl: 'https://o.example/',
    nowMs: Date.now(),
  })
  const { rows } = await store.pool.query<{ cause_id: string; title: string }>(
    'select l.cause_id, c.title from letter l join cause c on c.id = l.cause_id where l.id = $1',
    [open],
  )
  assert.match(rows[0]?.title ?? '', new RegExp(mark))
  const { rows: said } = await store.pool.query(`select from notification where notice::text like '%${mark}%'`)
  assert.ok(said.length > 0, 'an alert quotes it')
  await commentOnCause(store, { cause: showCauseId(rows[0]?.cause_id ?? ''), by: 'cleo', text: `ask ${key} about it` })
  return { berts: [...others, archivedOfBert], archived, archivedOfBert }
}

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'redrive-erase-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function contentsOf(bed: OfficeBed, ids: readonly string[]): Promise<readonly unknown[]> {
  const { rows } = await bed.store.pool.query('select * from letter_content where id = any($1::uuid[]) order by id', [
    ids,
  ])
  return rows
}

/** Letters in archives whose bytes hold it. */
async function archivedMarks(bed: OfficeBed, place: ReturnType<typeof openArchivePlace>): Promise<readonly string[]> {
  const { rows } = await bed.store.pool.query<{ id: string }>('select letter_id as id from archived_letter order by 1')
  const found: string[] = []
  for (const { id } of rows) {
    const letter = await readArchived(bed.store, { place, id })
    if (Buffer.from(letter?.body ?? '').includes(mark)) found.push(id)
  }
  return found
}

/** Every form in which something of ours or of the database may have written it. */
const forms = [
  Buffer.from(mark, 'utf8'),
  Buffer.from(mark, 'utf16le'),
  Buffer.from(Buffer.from(mark).toString('hex')),
  ...[0, 1, 2].map((shift) =>
    // Of base64, only what is the same whatever stands before and behind it.
    Buffer.from(
      Buffer.from('x'.repeat(shift) + mark)
        .toString('base64')
        .slice(shift === 0 ? 0 : 4, -4),
    ),
  ),
]

function hitsIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => {
      const bytes = readFileSync(file)
      return forms.some((form) => bytes.includes(form))
    })
}
