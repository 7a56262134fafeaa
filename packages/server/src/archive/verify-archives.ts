import { RedriveError } from '@redrive/worker'
import { parseArchiveId, showArchiveId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { placeOf } from './archived-bytes.ts'
import {
  type ArchivePlace,
  archiveOfManifest,
  type Expected,
  readLetters,
  readManifest,
  verifyArchive,
} from './files/index.ts'

export interface Verdict {
  /** `x_…` */
  readonly archive: string
  /** That lie in it. */
  readonly letters: number
  /** None: every byte is as it was written, and every letter that is said to be there is. */
  readonly problems: readonly string[]
}

/** Reads all of an archive, and compares it with its manifest and with what is known of it here. @param id UUID. @throws ARCHIVE_UNREADABLE */
async function verifyOne(store: Store, place: ArchivePlace, id: string): Promise<Verdict> {
  const { rows } = await store.pool.query<Expected>(
    'select manifest_sha256 as "manifestSha256" from archive where id = $1',
    [id],
  )
  const { letters, problems: ofFiles } = await verifyArchive(place, id, rows[0])
  const problems = ofFiles.length > 0 ? ofFiles : await compared(store, place, id)
  const { rowCount } = await store.pool.query(
    `update archive set verified_at = now(), problem = $2 where id = $1 and state = 'kept'`,
    [id, problems[0]?.toWellFormed().replaceAll('\0', '') ?? null],
  )
  // Somebody brought all of it back, and it was removed while it was read.
  return { archive: showArchiveId(id), letters, problems: rowCount === 0 ? [] : problems }
}

/** One of those that are kept, wherever it lies. @param archive `x_…`. @throws NOT_FOUND, ARCHIVE_UNREADABLE: no place is named */
export async function verifyStored(store: Store, place: ArchivePlace | null, archive: string): Promise<Verdict> {
  const id = parseArchiveId(archive)
  const { rows } = await store.pool.query<{ place: string }>(
    `select place from archive where id = $1 and state = 'kept'`,
    [id],
  )
  const [kept] = rows
  if (kept === undefined)
    throw new RedriveError('NOT_FOUND', 'There is no such archive.', { hint: 'List them: redrive archive list' })
  return verifyOne(store, placeOf(place, kept.place), id)
}

/** Whether every letter lies in its row, with the hash that stayed here. */
async function compared(store: Store, place: ArchivePlace, id: string): Promise<readonly string[]> {
  const { rows } = await store.pool.query<{ row: number; letter_id: string; sha256: string | null }>(
    `select n.row, n.letter_id, encode(c.body_sha256, 'hex') as sha256 from archived_letter n left join letter_content c on c.id = n.letter_id where n.archive_id = $1`,
    [id],
  )
  const wanted = new Map(rows.map((each) => [each.row, each]))
  const problems: string[] = []
  let row = 0
  for await (const letter of readLetters(place, await readManifest(place, id))) {
    const known = wanted.get(row)
    wanted.delete(row)
    row += 1
    if (known === undefined) continue
    if (known.letter_id !== letter.id) problems.push(`row ${row - 1} holds another letter than it should`)
    else if (known.sha256 !== Buffer.from(letter.bodySha256).toString('hex'))
      problems.push(`the letter in row ${row - 1} has another hash than when it was archived`)
  }
  if (wanted.size > 0) problems.push(`${wanted.size} letters that should be in it are not`)
  return problems
}

/** All that are kept, and archives in the place that nobody knows of. */
export async function* verifyAll(store: Store, place: ArchivePlace | null): AsyncGenerator<Verdict> {
  const { rows } = await store.pool.query<{ id: string; place: string }>(
    `select id, place from archive where state = 'kept' order by made_at, id`,
  )
  for (const { id, place: wanted } of rows) yield await verifyOne(store, placeOf(place, wanted), id)
  if (place === null) return
  const known = new Set((await store.pool.query<{ id: string }>('select id from archive')).rows.map(({ id }) => id))
  for await (const { name } of place.list()) {
    const id = archiveOfManifest(name)
    if (id !== null && !known.has(id))
      yield { archive: showArchiveId(id), letters: 0, problems: ['it lies there, and this office knows nothing of it'] }
  }
}

/** The one that was verified the longest ago, if that is more than a week. */
export async function verifyNext(store: Store, place: ArchivePlace): Promise<Verdict | null> {
  const { rows } = await store.pool.query<{ id: string }>(
    `select id from archive where state = 'kept' and place = $1 and verified_at < now() - interval '7 days' order by verified_at limit 1`,
    [place.description],
  )
  const [next] = rows
  return next === undefined ? null : verifyOne(store, place, next.id)
}
