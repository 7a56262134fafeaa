import { RedriveError } from '@redrive/worker'
import { resolveSelection, type Selection } from '../letters/index.ts'
import type { Store } from '../store/store.ts'
import { placeOf } from './archived-bytes.ts'
import { bringBack } from './bring-back.ts'
import { type ArchivedLetter, type ArchivePlace, readLetter, readLetters, readManifest } from './files/index.ts'

export interface RestoreRequest {
  readonly selection: Selection
  readonly by: string
  readonly reason: string
  /** How many letters the caller believes it is about; another number restores none. */
  readonly expect?: number
  readonly nowMs: number
}

export interface Restored {
  readonly restored: number
  /** Selected, but not archived, or not there. */
  readonly skipped: number
}

/** Letters, and about so many bytes, that are brought back in one transaction. */
const batch = { letters: 500, bytes: 16 * 1024 * 1024 } as const
/** Fewer letters of an archive are looked up one by one; for more it is read through. */
const fewRows = 20

/**
 * Brings archived letters back as they were, byte for byte; their time begins anew. Of a query that names no state, archived ones are meant. The
 * caller is alone in retention. What was brought back stays so when it fails on the way.
 * @throws REQUEST_INVALID, PLAN_STALE, ARCHIVE_UNREADABLE, QUERY_INVALID, NOT_FOUND
 */
export async function restoreLetters(
  store: Store,
  place: ArchivePlace | null,
  request: RestoreRequest,
): Promise<Restored> {
  const { selection, expect, nowMs } = request
  const { ids, missing } = await store.transaction((client) => resolveSelection(client, archived(selection), nowMs))
  const { rows } = await store.pool.query<Row>(
    `select n.letter_id as id, n.archive_id as archive, n.row, a.place, a.manifest_sha256 as "manifestSha256" from archived_letter n join archive a on a.id = n.archive_id
      where n.letter_id = any($1::uuid[]) order by n.archive_id, n.row`,
    [ids],
  )
  if (expect !== undefined && expect !== rows.length)
    throw new RedriveError(
      'PLAN_STALE',
      `It is about ${rows.length} archived letters, not ${expect}. None was restored.`,
      {
        hint: 'Look at them again before you bring them back.',
      },
    )
  const byArchive = Map.groupBy(rows, ({ archive }) => archive)
  for (const own of byArchive.values()) placeOf(place, own[0]?.place ?? '')
  let restored = 0
  for (const [archive, own] of byArchive)
    restored += await restoreOf(store, { place: placeOf(place, own[0]?.place ?? ''), archive, rows: own, request })
  return { restored, skipped: ids.length + missing.length - rows.length }
}

function archived(selection: Selection): Selection {
  const { query, cause } = selection
  if (cause !== undefined) return { query: `cause:${cause} state:archived` }
  if (query === undefined || query.trim() === '' || /(^|\s)-?state:/.test(query)) return selection
  return { query: `${query} state:archived` }
}

interface Row {
  readonly id: string
  readonly archive: string
  readonly row: number
  readonly place: string
  readonly manifestSha256: string
}

async function restoreOf(
  store: Store,
  {
    place,
    archive,
    rows,
    request,
  }: {
    readonly place: ArchivePlace
    readonly archive: string
    readonly rows: readonly Row[]
    readonly request: RestoreRequest
  },
): Promise<number> {
  const wanted = new Map(rows.map((row) => [row.id, row]))
  let restored = 0
  let bytes = 0
  let letters: ArchivedLetter[] = []
  const flush = async (): Promise<void> => {
    const of = letters
    letters = []
    bytes = 0
    restored += await store.transaction((client) => bringBack(client, { archive, letters: of, request }))
  }
  for await (const letter of lettersOf(place, { archive, rows })) {
    if (!wanted.has(letter.id)) continue
    letters.push(letter)
    bytes += (letter.body?.length ?? 0) + letter.headers.length
    if (letters.length >= batch.letters || bytes >= batch.bytes) await flush()
  }
  await flush()
  return restored
}

async function* lettersOf(
  place: ArchivePlace,
  { archive, rows }: { readonly archive: string; readonly rows: readonly Row[] },
): AsyncGenerator<ArchivedLetter> {
  const manifest = await readManifest(place, archive, rows[0])
  if (rows.length > fewRows) yield* readLetters(place, manifest)
  else for (const { row } of rows) yield await readLetter(place, manifest, row)
}
