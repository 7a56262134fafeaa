import { type ArchivePlace, readWholeLetters, type WholeLetter, writeArchive } from '../archive/index.ts'
import type { Store } from '../store/store.ts'
import { noteDebt } from './content-debt.ts'
import { awaitedTable, judgedLetters } from './due.ts'
import { type PlacedPolicy, policyTable, policyValues } from './policies.ts'
import { windowEnd } from './window.ts'

/** An archive holds about so many bytes of letters, one letter at least: what is held in memory while it is written. */
const archiveBytes = 24 * 1024 * 1024
/** Letters are read from the store in parts of about so many bytes. */
const readBytes = 4 * 1024 * 1024
/** A letter of more, with its versions, is left in the office. */
const largestBytes = 200 * 1024 * 1024

export interface ArchivedWindow {
  readonly archived: number
  readonly after: string | null
  /** UUIDs of letters whose bytes are not those that were captured; they stay, and are told. */
  readonly damaged: readonly string[]
}

/**
 * Archives those of the next letters whose time is over, in captured order. Letters that somebody changes meanwhile are left for the next pass.
 * @param options.after the last id that was looked at
 * @returns `after: null` when there are no more
 * @throws ARCHIVE_UNWRITABLE, ARCHIVE_UNREADABLE
 */
export async function archiveLetters(
  store: Store,
  {
    policies,
    after,
    pass,
    place,
    signal,
  }: {
    readonly policies: readonly PlacedPolicy[]
    readonly after: string
    readonly pass: string
    readonly place: ArchivePlace
    readonly signal: AbortSignal
  },
): Promise<ArchivedWindow> {
  const until = await windowEnd(store.pool, after)
  if (until === null) return { archived: 0, after: null, damaged: [] }
  const { rows: due } = await store.pool.query<DueLetter>(
    `with ${policyTable(1)}, ${awaitedTable}, judged as (
       ${judgedLetters('letter')} and l.id > $8 and l.id <= $9
     )
     select j.id, ${weight('j', 'c')} as bytes
       from judged j join letter_content c on c.id = j.id
      where j.action = 'archive' and j.held is null and j.due_at <= now() order by j.id`,
    [...policyValues(policies), after, until],
  )
  return { ...(await archiveThese(store, { due, pass, place, signal })), after: until }
}

/** A letter that is to be archived, and how many bytes of it are read for that, with its versions. */
export interface DueLetter {
  readonly id: string
  readonly bytes: number
}

/** SQL: `bytes` of a due letter. */
export function weight(letter: string, content: string): string {
  return `(${content}.bytes + coalesce(length(${content}.stack), 0)
         + coalesce((select sum(bytes) from letter_version where letter_id = ${letter}.id), 0))::float8`
}

/**
 * Archives letters, an archive for each part of them that is held in memory at once.
 * @param options.due in the order of ids
 * @throws ARCHIVE_UNWRITABLE, ARCHIVE_UNREADABLE
 */
export async function archiveThese(
  store: Store,
  {
    due,
    pass,
    place,
    signal,
  }: {
    readonly due: readonly DueLetter[]
    readonly pass: string
    readonly place: ArchivePlace
    readonly signal: AbortSignal
  },
): Promise<Omit<ArchivedWindow, 'after'>> {
  let archived = 0
  const damaged: string[] = []
  for (const part of partsOf(
    due.filter(({ bytes }) => bytes <= largestBytes),
    archiveBytes,
  )) {
    if (signal.aborted) break
    const letters: WholeLetter[] = []
    for (const ids of partsOf(part, readBytes))
      letters.push(
        ...(await readWholeLetters(
          store.pool,
          ids.map(({ id }) => id),
        )),
      )
    damaged.push(...letters.flatMap(({ letter, damage }) => (damage === null ? [] : [letter.id])))
    const whole = letters.filter(({ damage }) => damage === null)
    if (whole.length === 0) continue
    archived += await writeArchive(store, {
      place,
      letters: whole,
      pass,
      onArchived: async (client, ids) => {
        await client.query(
          `with chosen as (select unnest($1::uuid[]) as id), ${noteDebt('chosen')} update retention_pass set archived = archived + $3 where id = $2`,
          [ids, pass, ids.length],
        )
      },
    })
  }
  return { archived, damaged }
}

function* partsOf<T extends { readonly bytes: number }>(letters: readonly T[], most: number): Generator<readonly T[]> {
  let part: T[] = []
  let bytes = 0
  for (const letter of letters) {
    if (part.length > 0 && bytes + letter.bytes > most) {
      yield part
      part = []
      bytes = 0
    }
    part.push(letter)
    bytes += letter.bytes
  }
  if (part.length > 0) yield part
}
