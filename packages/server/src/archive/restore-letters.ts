import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { type LedgerAccount, recordTransfers } from '../ledger/index.ts'
import { resolveSelection, type Selection } from '../letters/index.ts'
import { showArchiveId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { placeOf } from './archived-bytes.ts'
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
    `select n.letter_id as id, n.archive_id as archive, n.row, n.was, a.place, a.manifest_sha256 as "manifestSha256" from archived_letter n join archive a on a.id = n.archive_id
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
  readonly was: LedgerAccount
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

/** @returns how many; those that somebody brought back meanwhile are left out */
async function bringBack(
  client: PoolClient,
  {
    archive,
    letters,
    request,
  }: { readonly archive: string; readonly letters: readonly ArchivedLetter[]; readonly request: RestoreRequest },
): Promise<number> {
  if (letters.length === 0) return 0
  await client.query(`set local redrive.ends = 'on'`)
  const { rows } = await client.query<{ id: string; queue_id: number; was: LedgerAccount }>(
    `with back as (
       delete from archived_letter n using letter l where n.archive_id = $1 and n.letter_id = any($2::uuid[]) and l.id = n.letter_id and l.state = 'archived'
       returning n.letter_id, n.was
     )
     update letter set state = back.was, revision = revision + 1, changed_at = now() from back where letter.id = back.letter_id
     returning letter.id, letter.queue_id, back.was`,
    [archive, letters.map(({ id }) => id)],
  )
  const back = new Set(rows.map(({ id }) => id))
  const own = letters.filter(({ id }) => back.has(id))
  await putBytes(client, own)
  await recordTransfers(
    client,
    [...Map.groupBy(rows, ({ queue_id, was }) => `${queue_id} ${was}`).values()].map((moved) => ({
      queueId: moved[0]?.queue_id ?? 0,
      from: 'archived',
      to: moved[0]?.was ?? 'open',
      letters: moved.length,
      what: 'restore',
      reference: archive,
    })),
  )
  if (own.length > 0)
    await recordAudit(client, {
      actor: request.by,
      action: 'letters.restore',
      target: showArchiveId(archive),
      reason: request.reason,
      details: { selection: request.selection, restored: own.length },
    })
  return own.length
}

/** Only of letters that are those which were archived: their bodies have the hash that stayed here. */
async function putBytes(client: PoolClient, letters: readonly ArchivedLetter[]): Promise<void> {
  const { rowCount } = await client.query(
    `update letter_content c set body = n.body, headers = n.headers, properties = n.properties, stack = n.stack
       from unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::text[]) as n (id, sha256, body, headers, properties, stack)
      where c.id = n.id and c.body_sha256 = n.sha256`,
    [
      letters.map(({ id }) => id),
      letters.map(({ bodySha256 }) => bodySha256),
      letters.map(({ body }) => body),
      letters.map(({ headers }) => headers),
      letters.map(({ properties }) => properties),
      letters.map(({ stack }) => stack),
    ],
  )
  if (rowCount !== letters.length)
    throw new RedriveError(
      'ARCHIVE_UNREADABLE',
      'A letter in the archive is not the one that was archived: it has another hash.',
      {
        hint: 'Nothing of it was restored. See what is wrong: redrive archive verify',
      },
    )
  const versions = letters.flatMap(({ id, versions: own }) => own.map((version) => ({ id, ...version })))
  if (versions.length === 0) return
  await client.query(
    `update letter_version v set body = n.body, headers = n.headers
       from unnest($1::uuid[], $2::int[], $3::bytea[], $4::bytea[], $5::bytea[]) as n (id, version, sha256, body, headers)
      where v.letter_id = n.id and v.version = n.version and v.content_sha256 = n.sha256`,
    [
      versions.map(({ id }) => id),
      versions.map(({ version }) => version),
      versions.map(({ contentSha256 }) => contentSha256),
      versions.map(({ body }) => body),
      versions.map(({ headers }) => headers),
    ],
  )
}
