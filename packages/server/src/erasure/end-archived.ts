import type { PoolClient } from 'pg'
import {
  type ArchivedLetter,
  type ArchivePlace,
  changedMeanwhile,
  idsIn,
  placeOf,
  writeAnew,
} from '../archive/index.ts'
import type { Store } from '../store/store.ts'
import { endLetters } from './end-letters.ts'
import { forgetCauses, homesOf, inputOf, type TextRow, textColumns, textJoins } from './forget-causes.ts'

interface Lying {
  readonly archive: string
  readonly place: string
  /** Letters of the erasure are archived in it; else bytes of some that were brought back may be. */
  readonly isKnown: boolean
}

/**
 * Writes the archives anew in which letters of an erasure lie; also those from which they were brought back, which are otherwise kept for some weeks.
 * @returns what stopped it at an archive; the others are done
 */
export async function endArchived(
  store: Store,
  options: { readonly erasure: string; readonly place: ArchivePlace | null; readonly signal: AbortSignal },
): Promise<string | null> {
  const { erasure, place, signal } = options
  const { rows: frozen } = await store.pool.query<{ id: string }>(
    'select letter_id as id from erasure_letter where erasure_id = $1',
    [erasure],
  )
  const ids = new Set(frozen.map(({ id }) => id))
  let problem: string | null = null
  for (const lying of await archivesOf(store, erasure)) {
    if (signal.aborted) return problem
    try {
      await endIn(store, { erasure, ids, lying, place: placeOf(place, lying.place) })
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error)
    }
  }
  return problem
}

async function archivesOf(store: Store, erasure: string): Promise<readonly Lying[]> {
  const { rows } = await store.pool.query<Lying>(
    `select a.id as archive, a.place, exists (
         select from archived_letter n join erasure_letter e on e.letter_id = n.letter_id where n.archive_id = a.id and e.erasure_id = $1) as "isKnown"
       from archive a where a.state = 'kept' order by a.made_at, a.id`,
    [erasure],
  )
  const { rows: partly } = await store.pool.query<{ id: string }>(
    `select id from archive a where state = 'kept' and letters > (select count(*) from archived_letter where archive_id = a.id)`,
  )
  const gaps = new Set(partly.map(({ id }) => id))
  return rows.filter(({ archive, isKnown }) => isKnown || gaps.has(archive))
}

async function endIn(
  store: Store,
  of: {
    readonly erasure: string
    readonly ids: ReadonlySet<string>
    readonly lying: Lying
    readonly place: ArchivePlace
  },
): Promise<void> {
  const { erasure, ids, lying, place } = of
  if (!lying.isKnown && ![...(await idsIn(store, place, lying.archive))].some((id) => ids.has(id))) return
  const isDone = await writeAnew(store, {
    place,
    archive: lying.archive,
    without: ids,
    pass: erasure,
    onWritten: async (client, gone) => {
      await endThem(client, erasure, gone)
      await client.query(
        'update erasure set archives = archives + 1, last_change = pg_current_xact_id() where id = $1',
        [erasure],
      )
    },
  })
  if (!isDone) throw new Error('letters of an archive were changed while it was written anew; it is tried again')
}

async function endThem(client: PoolClient, erasure: string, gone: readonly ArchivedLetter[]): Promise<void> {
  await client.query('set local statement_timeout to 0')
  const { rows } = await client.query<TextRow>(
    `select l.id, l.cause_id::text, ${textColumns} from letter l ${textJoins} where l.id = any($1::uuid[]) and c.id = any($1::uuid[]) order by l.id`,
    [gone.map(({ id }) => id)],
  )
  // The stack lies in the archive alone.
  const stacks = new Map(gone.map(({ id, stack }) => [id, stack]))
  const letters = rows.map((row) => ({
    id: row.id,
    causeId: row.cause_id,
    input: inputOf({ ...row, stack: stacks.get(row.id) ?? null }),
  }))
  const homes = await homesOf(client, letters)
  const ended = await endLetters(client, { erasure, ids: letters.map(({ id }) => id) })
  if (ended.length !== gone.length) throw changedMeanwhile
  await forgetCauses(client, { erasure, letters, homes })
}
