import type { Pool } from 'pg'
import { firstUuidAt } from '../../store/uuid.ts'
import type { Watch } from './watched.ts'

/** A letter that came since the cause is watched. */
export interface LaterLetter {
  readonly id: string
  readonly release: string | null
  /** When it died, as its worker says; else when it was captured. */
  readonly diedAt: Date
}

/** How far letters were read. */
export interface Scan {
  readonly scanned: string
  readonly scannedLetters: string
  readonly beforeScan: string
}

export type Scanned =
  | { readonly kind: 'found'; readonly letter: LaterLetter }
  | { readonly kind: 'through' | 'unfinished'; readonly scan: Scan }

const batchSize = 1_000
const maxBatches = 20
/** Ids this young are read again by the next look: others may be committed between them. */
const overlapMs = 10_000

/**
 * Reads the letters that came since the cause is watched, in the order of ids, until one is as wanted. A letter may be committed after others with
 * greater ids. Those of the last ten seconds are found by reading these again. Whether one was later than that is known from the counts: the cause has
 * more letters than were read, and all is read anew.
 */
export async function scanLetters(
  pool: Pool,
  watch: Watch,
  isWanted: (letters: readonly LaterLetter[]) => Promise<LaterLetter | undefined> | LaterLetter | undefined,
): Promise<Scanned> {
  const known = new Set(watch.known)
  let at: Scan = watch
  let counting = false
  for (let batch = 0; batch < maxBatches; batch++) {
    const { letters, total, before, nowMs } = await readBatch(pool, watch, { after: at.scanned, counting })
    const found = await isWanted(letters.filter(({ id }) => !known.has(id)))
    if (found !== undefined) return { kind: 'found', letter: found }
    at = { ...at, beforeScan: before ?? at.beforeScan }
    if (letters.length === batchSize) {
      at = passed(at, letters)
      continue
    }
    const unread = total - BigInt(at.beforeScan) - BigInt(at.scannedLetters) - BigInt(letters.length)
    // Letters that are not where they should be may be older than all that is read: then they are counted there, once.
    if (unread > 0n && !counting) counting = true
    else if (unread > 0n) return { kind: 'unfinished', scan: { ...at, scanned: watch.scanFrom, scannedLetters: '0' } }
    else {
      const settled = firstUuidAt(nowMs - overlapMs)
      return {
        kind: 'through',
        scan: passed(
          at,
          letters.filter(({ id }) => id < settled),
        ),
      }
    }
  }
  return { kind: 'unfinished', scan: at }
}

function passed(at: Scan, letters: readonly LaterLetter[]): Scan {
  const scannedLetters = (BigInt(at.scannedLetters) + BigInt(letters.length)).toString()
  return { scanned: letters.at(-1)?.id ?? at.scanned, scannedLetters, beforeScan: at.beforeScan }
}

interface Batch {
  readonly letters: readonly LaterLetter[]
  /** Of the cause, but those that were deleted since it is watched. */
  readonly total: bigint
  /** Of them not after the scan's beginning; only if it was to be counted. */
  readonly before: string | null
  readonly nowMs: number
}

/** One statement, so that letters and counts are of one moment. */
async function readBatch(
  pool: Pool,
  { causeId, scanFrom }: Watch,
  { after, counting }: { readonly after: string; readonly counting: boolean },
): Promise<Batch> {
  const { rows } = await pool.query<
    { total: string; before: string | null; now: Date; id: string | null } & Omit<LaterLetter, 'id'>
  >({
    name: 'scan-letters-of-cause',
    text: `
      select c.letters - coalesce((select gone from cause_watch where cause_id = c.id), 0) as total, case when $3 then (select count(*) from letter where cause_id = c.id and id <= $4) end as before, now() as now, l.*
        from cause c left join lateral (
          select letter.id, content.release, coalesce(content.last_failed_at, uuid_extract_timestamp(letter.id)) as "diedAt"
            from letter join letter_content content on content.id = letter.id
           where letter.cause_id = c.id and letter.id > $2 order by letter.id limit ${batchSize}
        ) l on true
       where c.id = $1 order by l.id`,
    values: [causeId, after, counting, scanFrom],
  })
  const [first] = rows
  return {
    letters: rows.flatMap(({ id, release, diedAt }) => (id === null ? [] : [{ id, release, diedAt }])),
    total: BigInt(first?.total ?? 0),
    before: first?.before ?? null,
    nowMs: first?.now.getTime() ?? 0,
  }
}
