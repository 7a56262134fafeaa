import type { PoolClient } from 'pg'
import { showCauseId, showRuleId } from '../../store/ids.ts'

/** A merge or a split that counts. */
export interface Tie {
  readonly rule: string
  readonly kind: 'merge' | 'split'
  /** Letters of these … */
  readonly causes: readonly string[]
  /** … that are like this, or all … */
  readonly where: readonly string[]
  /** … belong here. */
  readonly cause: string
  readonly by: string
  readonly at: string
  readonly reason: string | null
}

/** Where a cause's letters went and come from, by what people said. */
export interface Ties {
  readonly goes: readonly Tie[]
  readonly comes: readonly Tie[]
  /** Where letters of this cause are that a rule leads elsewhere: the latest, at most ten causes. */
  readonly elsewhere: readonly { readonly cause: string; readonly title: string }[]
}

const most = 50

export async function readTies(client: PoolClient, cause: string): Promise<Ties> {
  const { rows } = await client.query<TieRow>(
    `select id, kind, sources::text[] as sources, target, matchers, made_by, made_at, reason from cause_rule
      where kind <> 'rule' and removed_at is null and (target = $1 or sources @> array[$1::bigint]) order by number desc limit ${most}`,
    [cause],
  )
  const { rows: elsewhere } = await client.query<{ id: string; title: string }>(
    `select c.id, c.title from (
       select l.cause_id, max(h.letter_id::text) as newest
         from (select letter_id from letter_home where cause_id = $1 order by letter_id desc limit 1000) h join letter l on l.id = h.letter_id
        group by 1) w join cause c on c.id = w.cause_id order by w.newest desc limit 10`,
    [cause],
  )
  return {
    goes: rows.filter(({ sources }) => sources.includes(cause)).map(tieOf),
    comes: rows.filter(({ target }) => target === cause).map(tieOf),
    elsewhere: elsewhere.map(({ id, title }) => ({ cause: showCauseId(id), title })),
  }
}

interface TieRow {
  readonly id: string
  readonly kind: 'merge' | 'split'
  readonly sources: readonly string[]
  readonly target: string
  readonly matchers: readonly string[]
  readonly made_by: string
  readonly made_at: Date
  readonly reason: string | null
}

const tieOf = (row: TieRow): Tie => ({
  rule: showRuleId(row.id),
  kind: row.kind,
  causes: row.sources.map(showCauseId),
  where: row.matchers,
  cause: showCauseId(row.target),
  by: row.made_by,
  at: row.made_at.toISOString(),
  reason: row.reason,
})
