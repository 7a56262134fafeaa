import type { PoolClient } from 'pg'
import type { Matcher } from './matcher.ts'
import type { CauseMove, CauseRule } from './rule.ts'

export async function insertRule(
  client: PoolClient,
  made: CauseRule | CauseMove,
  {
    by,
    why,
    file,
    place,
  }: {
    readonly by: string
    readonly why: string | null
    readonly file: string | null
    readonly place: 'first' | 'last' | number
  },
): Promise<void> {
  const rule = made.kind === 'rule' ? made : { name: '', queue: null, title: made.target.title, per: null }
  const move = made.kind === 'rule' ? { sources: [], target: null } : { sources: made.sources, target: made.target.id }
  await client.query(
    `insert into cause_rule (id, kind, place, origin, file, name, queue, matchers, title, per, sources, target, made_by, reason)
     values ($1, $2, case $3::text when 'first' then (select coalesce(min(place), 0) - 1 from cause_rule where origin = 'api')
                                   when 'last' then (select coalesce(max(place), 0) + 1 from cause_rule where origin = 'api') else $3::int end,
             case when $4::text is null then 'api' else 'file' end, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [
      made.id,
      made.kind,
      String(place),
      file,
      rule.name,
      rule.queue,
      made.matchers.map(matcherText),
      rule.title,
      rule.per,
      move.sources,
      move.target,
      by,
      why,
    ],
  )
}

export async function markRemoved(
  client: PoolClient,
  id: string,
  { by, why }: { readonly by: string; readonly why: string | null },
): Promise<void> {
  await client.query(
    'update cause_rule set removed_by = $2, removed_reason = $3, removed_at = clock_timestamp() where id = $1',
    [id, by, why],
  )
}

/** Which letters may have to move, up to the newest that went by the rules before: nobody commits any while the rules are locked. */
export async function startRegrouping(
  client: PoolClient,
  work: {
    readonly rule: string
    readonly what: 'add' | 'remove' | 'order'
    readonly over: 'cause' | 'queue'
    readonly ids: readonly string[]
  },
): Promise<void> {
  await client.query(
    `insert into regrouping (rule_id, what, over, ids, until)
     select $1, $2, $3, $4, coalesce((select id from letter order by id desc limit 1), '00000000-0000-0000-0000-000000000000')`,
    [work.rule, work.what, work.over, work.ids],
  )
}

export const matcherText = ({ field, how, value }: Matcher): string =>
  how === 'there' ? field : `${field}${how === 'is' ? '=' : '~'}${value}`
