import { randomUUID } from 'node:crypto'
import type { PoolClient } from 'pg'
import type { Store } from '../store/store.ts'
import { type ArchivedLetter, type ArchivePlace, type Expected, readLetters, readManifest } from './files/index.ts'
import { removeArchive } from './remove-archives.ts'
import { changedMeanwhile, type Put, putFiles } from './write-archive.ts'

/**
 * Writes an archive anew without some of its letters, in two phases as `writeArchive`: a note, the files, a reading back, and one transaction in which
 * the letters that stay are said to lie in the new one; then the old one is removed at once. What was brought back before is left out too. Whatever
 * dies on the way leaves one whole archive that counts, and a note of the other. The caller is alone in retention.
 * @param options.onWritten ends the letters that are left out, in that transaction; throws when it cannot
 * @returns false when letters of it changed meanwhile: then nothing did
 * @throws ARCHIVE_UNWRITABLE, ARCHIVE_UNREADABLE
 */
export async function writeAnew(
  store: Store,
  options: {
    readonly place: ArchivePlace
    /** UUID. */
    readonly archive: string
    readonly without: ReadonlySet<string>
    readonly pass: string
    readonly onWritten: (client: PoolClient, gone: readonly ArchivedLetter[]) => Promise<void>
  },
): Promise<boolean> {
  const { place, archive, without, pass, onWritten } = options
  const { stay, gone } = await readApart(store, { place, archive, without })
  const id = randomUUID()
  const put = stay.length === 0 ? null : await noted(store, { place, id, pass, letters: stay })
  try {
    await store.transaction(async (client) => {
      await onWritten(client, gone)
      await exchange(client, { from: archive, to: id, stay, put })
    })
  } catch (error) {
    if (error !== changedMeanwhile) throw error
    if (put !== null) await removeArchive(store, { place, id })
    return false
  }
  await removeArchive(store, { place, id: archive })
  return true
}

async function readApart(
  store: Store,
  of: { readonly place: ArchivePlace; readonly archive: string; readonly without: ReadonlySet<string> },
): Promise<{ readonly stay: readonly ArchivedLetter[]; readonly gone: readonly ArchivedLetter[] }> {
  const { rows: known } = await store.pool.query<Expected>(
    'select manifest_sha256 as "manifestSha256" from archive where id = $1',
    [of.archive],
  )
  const { rows } = await store.pool.query<{ letter_id: string; row: number }>(
    'select letter_id, row from archived_letter where archive_id = $1',
    [of.archive],
  )
  const idAt = new Map(rows.map(({ letter_id, row }) => [row, letter_id]))
  const stay: ArchivedLetter[] = []
  const gone: ArchivedLetter[] = []
  let row = 0
  for await (const letter of readLetters(of.place, await readManifest(of.place, of.archive, known[0]))) {
    const isHere = idAt.get(row) === letter.id
    row += 1
    if (isHere) (of.without.has(letter.id) ? gone : stay).push(letter)
  }
  return { stay, gone }
}

async function noted(
  store: Store,
  to: {
    readonly place: ArchivePlace
    readonly id: string
    readonly pass: string
    readonly letters: readonly ArchivedLetter[]
  },
): Promise<Put> {
  const { place, id, pass, letters } = to
  await store.pool.query(`insert into archive (id, pass_id, state, place) values ($1, $2, 'writing', $3)`, [
    id,
    pass,
    place.description,
  ])
  return putFiles(place, { id, letters: letters.map((letter) => ({ letter })) })
}

/** @throws changedMeanwhile when other letters lie in the old one than those that were written */
async function exchange(
  client: PoolClient,
  of: {
    readonly from: string
    readonly to: string
    readonly stay: readonly ArchivedLetter[]
    readonly put: Put | null
  },
): Promise<void> {
  const { from, to, stay, put } = of
  const { rowCount: isThere } = await client.query(
    `update archive set state = 'removing' where id = $1 and state = 'kept'`,
    [from],
  )
  if (isThere !== 1) throw changedMeanwhile
  const { rowCount: moved } = await client.query(
    `update archived_letter a set archive_id = $2, row = n.ordinality - 1
       from unnest($3::uuid[]) with ordinality as n (id, ordinality) where a.archive_id = $1 and a.letter_id = n.id`,
    [from, to, stay.map(({ id }) => id)],
  )
  const { rowCount: left } = await client.query('select from archived_letter where archive_id = $1', [from])
  if (moved !== stay.length || left !== 0) throw changedMeanwhile
  if (put === null) return
  const { rowCount } = await client.query(
    `update archive set state = 'kept', letters = $2, bytes = $3, manifest_sha256 = $4, verified_at = now() where id = $1 and state = 'writing'`,
    [to, stay.length, put.bytes, put.manifestSha256],
  )
  if (rowCount !== 1) throw changedMeanwhile
}

/** Ids of the letters whose bytes lie in it, also of those that were brought back since. @throws ARCHIVE_UNREADABLE */
export async function idsIn(store: Store, place: ArchivePlace, archive: string): Promise<ReadonlySet<string>> {
  const { rows } = await store.pool.query<Expected>(
    'select manifest_sha256 as "manifestSha256" from archive where id = $1',
    [archive],
  )
  const ids = new Set<string>()
  for await (const { id } of readLetters(place, await readManifest(place, archive, rows[0]))) ids.add(id)
  return ids
}
