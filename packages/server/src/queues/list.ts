import type { Store } from '../store/store.ts'

export interface QueueView {
  readonly name: string
  readonly broker: string
  readonly system: string
  readonly place: string
  readonly owner: string | null
  readonly runbook: string | null
  /** By state, from the books; states without letters are left out. */
  readonly letters: Readonly<Record<string, number>>
  readonly causes: number
  readonly oldestOpenAt: string | null
  readonly newestAt: string | null
}

export async function listQueues(store: Store): Promise<readonly QueueView[]> {
  const { rows } = await store.pool.query<{
    name: string
    broker: string
    system: string
    place: string
    owner: string | null
    runbook: string | null
    letters: Readonly<Record<string, number>> | null
    causes: number
    oldest: Date | null
    newest: Date | null
  }>(
    `select q.name, q.broker, q.system, q.place, q.owner, q.runbook,
       (select jsonb_object_agg(account, letters) from (
          select account, sum(letters)::bigint as letters from ledger_entry
          where queue_id = q.id and account <> 'source' group by account having sum(letters) <> 0) b) as letters,
       (select count(*)::int from cause where queue_id = q.id) as causes,
       (select uuid_extract_timestamp(letter_id) from outstanding where queue_id = q.id and state = 'open' order by letter_id limit 1) as oldest,
       (select max(last_seen) from cause where queue_id = q.id) as newest
     from queue q order by q.name`,
  )
  return rows.map(({ oldest, newest, ...row }) => ({
    ...row,
    letters: row.letters ?? {},
    oldestOpenAt: oldest?.toISOString() ?? null,
    newestAt: newest?.toISOString() ?? null,
  }))
}

/** Owner, runbook, schema and policy as the configuration names them; queues it does not name keep theirs. */
export async function documentQueues(
  store: Store,
  queues: Readonly<
    Record<
      string,
      {
        readonly owner?: string
        readonly runbook?: string
        readonly bodySchema?: string
        readonly uncertain?: 'hold' | 'resend-marked'
      }
    >
  >,
): Promise<void> {
  const names = Object.keys(queues)
  if (names.length === 0) return
  await store.pool.query(
    `update queue q set owner = d.owner, runbook = d.runbook, body_schema = d.body_schema, uncertain = d.uncertain
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) as d(name, owner, runbook, body_schema, uncertain) where q.name = d.name`,
    [
      names,
      names.map((name) => queues[name]?.owner ?? null),
      names.map((name) => queues[name]?.runbook ?? null),
      names.map((name) => queues[name]?.bodySchema ?? null),
      names.map((name) => queues[name]?.uncertain ?? 'hold'),
    ],
  )
}
