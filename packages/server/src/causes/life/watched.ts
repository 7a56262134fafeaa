import type { Pool, PoolClient } from 'pg'

/** A row of `cause_watch` with what capture has counted for its cause by now. Counts are PostgreSQL's bigint as text. */
export interface Watch {
  readonly id: string
  readonly causeId: string
  readonly queueId: number
  readonly state: 'snoozed' | 'fixed'
  readonly since: Date
  readonly isTime: boolean | null
  readonly isEnough: boolean | null
  readonly release: string | null
  readonly otherReleases: string
  readonly known: readonly string[]
  /** Of the cause, ever. */
  readonly letters: string
  readonly lookedLetters: string
  /** Since it is watched. */
  readonly came: string
  readonly scanFrom: string
  readonly scanned: string
  readonly scannedLetters: string
  readonly beforeScan: string
}

export interface GrownRelease {
  /** `null`: all beyond the first thirty. */
  readonly value: string | null
  /** Since it is watched. */
  readonly letters: number
}

/** Releases whose letters became more since the cause is watched. */
export async function grownReleases(pool: Pool, watch: Watch): Promise<readonly GrownRelease[]> {
  const { rows } = await pool.query<{ value: string | null; letters: string }>(
    `select * from (
       select f.value, f.letters - case when f.value is null then w.other_releases else coalesce((w.releases ->> f.value)::bigint, 0) end as letters
         from cause_watch w join cause_facet f on f.cause_id = w.cause_id and f.facet = 'release' where w.id = $1
     ) as grown where letters > 0 order by letters desc`,
    [watch.id],
  )
  return rows.map(({ value, letters }) => ({ value, letters: Number(letters) }))
}

/** When releases were first seen in the queue, as far as they are counted by name. */
export async function firstSeen(
  client: Pool | PoolClient,
  queueId: number,
  releases: readonly string[],
): Promise<ReadonlyMap<string, Date>> {
  const { rows } = await client.query<{ value: string; first: Date }>(
    `select f.value, min(f.first_seen) as first from cause_facet f join cause c on c.id = f.cause_id
      where c.queue_id = $1 and f.facet = 'release' and f.value = any($2) group by 1`,
    [queueId, releases],
  )
  return new Map(rows.map(({ value, first }) => [value, first]))
}
