import type { Claim, DatabaseLike, JobLike, PgBossLike } from './client.ts'

export interface Jobs {
  claim(name: string, limit: number): Promise<readonly JobLike[]>
  /** @returns ids of those that are still ours */
  keep(name: string, claims: readonly Claim[]): Promise<ReadonlySet<string>>
  complete(name: string, claims: readonly Claim[]): Promise<void>
  release(name: string, claims: readonly Claim[], delayMs: number): Promise<void>
  /** Makes available again what a worker left behind that stopped renewing its claims. */
  reclaim(name: string): Promise<void>
  count(name: string): Promise<number>
  /** Those that wait, and when pg-boss deletes the first of them, by the server's time; `null`: none of them. */
  waiting(name: string): Promise<{ readonly waiting: number; readonly endsAtMs: number | null }>
  /** Which of these jobs are in the table, in whatever state. */
  existing(name: string, ids: readonly string[]): Promise<readonly string[]>
  /** The server's time, epoch milliseconds. */
  nowMs(): Promise<number>
}

/**
 * What pg-boss has calls for goes through them. Six statements go to its table, because it has none that gives a job back without
 * counting it as failed, renews a claim past `expire_seconds`, or looks for dead workers more often than each minute.
 */
export function jobsOf(boss: PgBossLike, options: { readonly schema: string; readonly leaseSeconds: number }): Jobs {
  const table = `"${options.schema}".job`
  const state = `"${options.schema}".job_state`
  const { leaseSeconds } = options
  const db = (): DatabaseLike => boss.getDb()
  const fence = `name = $1 and state = 'active' and (id::text || ':' || retry_count::text) = any($2::text[])`
  const pairs = (claims: readonly Claim[]): string[] => claims.map(({ id, retryCount }) => `${id}:${retryCount}`)

  const keep = async (name: string, claims: readonly Claim[]): Promise<ReadonlySet<string>> => {
    // Whatever the queue's own limits are: pg-boss neither times the job out while it is renewed nor fails it for good afterwards.
    const { rows } = await db().executeSql(
      `update ${table} set
         heartbeat_on = now(),
         heartbeat_seconds = $3::int,
         retry_limit = greatest(retry_limit, retry_count + 1),
         expire_seconds = greatest(expire_seconds, ceil(extract(epoch from now() - started_on))::int + 2 * $3::int)
       where ${fence} returning id`,
      [name, pairs(claims), leaseSeconds],
    )
    return new Set(rows.map((row) => String((row as { id: unknown }).id)))
  }
  return {
    keep,
    async claim(name, limit) {
      const jobs = await boss.fetch(name, { batchSize: limit, includeMetadata: true })
      if (jobs.length === 0) return []
      const kept = await keep(name, jobs)
      return jobs.filter(({ id }) => kept.has(id))
    },
    async complete(name, claims) {
      await boss.complete(
        name,
        claims.map(({ id, retryCount }) => ({ id, retryCount })),
      )
    },
    async release(name, claims, delayMs) {
      // Without started_on the next claim does not count as a retry.
      await db().executeSql(
        `update ${table} set
           state = (case when retry_count > 0 then 'retry' else 'created' end)::${state},
           started_on = null,
           heartbeat_on = null,
           start_after = now() + $3 * interval '1 millisecond',
           keep_until = greatest(keep_until, now() + $3 * interval '1 millisecond' + interval '14 days')
         where ${fence}`,
        [name, pairs(claims), Math.max(0, delayMs)],
      )
    },
    async reclaim(name) {
      await db().executeSql(
        `update ${table} set state = 'retry', heartbeat_on = null, start_after = now()
         where name = $1 and state = 'active' and heartbeat_seconds is not null
           and heartbeat_on + heartbeat_seconds * interval '1 second' < now()`,
        [name],
      )
    },
    async count(name) {
      const { rows } = await db().executeSql(
        `select count(*)::int as waiting from ${table} where name = $1 and state < 'active'`,
        [name],
      )
      return Number((rows[0] as { waiting?: unknown } | undefined)?.waiting ?? 0)
    },
    async waiting(name) {
      const { rows } = await db().executeSql(
        `select count(*)::int as waiting, floor(extract(epoch from min(keep_until)) * 1000)::text as ends
         from ${table} where name = $1 and state < 'active'`,
        [name],
      )
      const [row] = rows as { readonly waiting: unknown; readonly ends: unknown }[]
      const ends = Number(row?.ends ?? Number.NaN)
      return { waiting: Number(row?.waiting ?? 0), endsAtMs: Number.isFinite(ends) ? ends : null }
    },
    async existing(name, ids) {
      const { rows } = await db().executeSql(`select id from ${table} where name = $1 and id = any($2::uuid[])`, [
        name,
        ids,
      ])
      return rows.map((row) => String((row as { id: unknown }).id))
    },
    async nowMs() {
      const { rows } = await db().executeSql('select floor(extract(epoch from now()) * 1000)::text as ms')
      return Number((rows[0] as { ms: unknown }).ms)
    },
  }
}
