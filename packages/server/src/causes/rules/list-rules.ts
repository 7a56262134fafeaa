import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { parseRuleId, showCauseId, showRuleId } from '../../store/ids.ts'
import type { Store } from '../../store/store.ts'

/** What somebody said about which letters belong together, and how far it is carried out. */
export interface RuleView {
  /** `g_…` */
  readonly id: string
  readonly kind: 'rule' | 'merge' | 'split'
  /** Of a rule. */
  readonly name: string | null
  /** `null`: every queue, or that of its causes. */
  readonly queue: string | null
  readonly where: readonly string[]
  readonly per: string | null
  readonly title: string | null
  /** Of a merge or a split: letters of these causes … */
  readonly causes: readonly string[]
  /** … belong to this one. */
  readonly into: string | null
  readonly origin: 'file' | 'api'
  readonly file: string | null
  readonly by: string
  readonly at: string
  readonly reason: string | null
  readonly removedBy: string | null
  readonly removedAt: string | null
  readonly removedReason: string | null
  /** What was done about letters that were there already, newest first, at most ten. */
  readonly regroupings: readonly RegroupingView[]
}

export interface RegroupingView {
  readonly what: 'add' | 'remove' | 'order'
  readonly looked: number
  readonly moved: number
  /** They no longer hold what a rule asks about, and stay where they are. */
  readonly unjudged: number
  readonly startedAt: string
  /** `null`: letters are still moved. */
  readonly endedAt: string | null
}

export interface RulePage {
  /** Rules in the order in which they count, then merges and splits, the newest first. */
  readonly rules: readonly RuleView[]
  readonly next: string | null
}

/**
 * @param options.all also what was taken back
 * @param options.after `next` of the page before
 */
export async function listRules(
  store: Store,
  options: { readonly all?: boolean; readonly limit: number; readonly after?: string | undefined },
): Promise<RulePage> {
  const offset = options.after === undefined ? 0 : Number(options.after)
  return store.transaction(
    async (client) => {
      const rows = await read(client, {
        where: options.all === true ? 'true' : 'r.removed_at is null',
        values: [options.limit + 1, offset],
      })
      return {
        rules: rows.slice(0, options.limit),
        next: rows.length > options.limit ? String(offset + options.limit) : null,
      }
    },
    { isolation: 'repeatable read', readOnly: true },
  )
}

/** @throws NOT_FOUND */
export async function showRule(store: Store, id: string): Promise<RuleView> {
  const rule = parseRuleId(id)
  const [found] = await store.transaction((client) => read(client, { where: 'r.id = $3', values: [1, 0, rule] }), {
    readOnly: true,
  })
  if (found !== undefined) return found
  throw new RedriveError('NOT_FOUND', `there is no rule ${id}`, { hint: 'List them: redrive rules list' })
}

async function read(
  client: PoolClient,
  { where, values }: { readonly where: string; readonly values: readonly unknown[] },
): Promise<readonly RuleView[]> {
  const { rows } = await client.query<Row>(
    `select r.*, r.sources::text[] as sources,
            coalesce((select jsonb_agg(to_jsonb(g) order by g.id desc) from (
              select * from regrouping where rule_id = r.id order by id desc limit 10) g), '[]') as regroupings
       from cause_rule r where ${where}
      order by r.removed_at is not null, r.kind <> 'rule', case when r.kind = 'rule' then r.origin = 'api' end,
               case when r.kind = 'rule' then r.place end, case when r.kind = 'rule' then r.number else -r.number end
      limit $1 offset $2`,
    [...values],
  )
  return rows.map(viewOf)
}

interface Row {
  readonly id: string
  readonly kind: RuleView['kind']
  readonly origin: RuleView['origin']
  readonly file: string | null
  readonly name: string
  readonly queue: string | null
  readonly matchers: readonly string[]
  readonly title: string | null
  readonly per: string | null
  readonly sources: readonly string[]
  readonly target: string | null
  readonly made_by: string
  readonly made_at: Date
  readonly reason: string | null
  readonly removed_by: string | null
  readonly removed_at: Date | null
  readonly removed_reason: string | null
  readonly regroupings: readonly {
    readonly what: RegroupingView['what']
    readonly looked: number
    readonly moved: number
    readonly unjudged: number
    readonly created_at: string
    readonly ended_at: string | null
  }[]
}

function viewOf(row: Row): RuleView {
  return {
    id: showRuleId(row.id),
    kind: row.kind,
    name: row.kind === 'rule' ? row.name : null,
    queue: row.queue,
    where: row.matchers,
    per: row.per,
    title: row.title,
    causes: row.sources.map(showCauseId),
    into: row.target === null ? null : showCauseId(row.target),
    origin: row.origin,
    file: row.file,
    by: row.made_by,
    at: row.made_at.toISOString(),
    reason: row.reason,
    removedBy: row.removed_by,
    removedAt: row.removed_at?.toISOString() ?? null,
    removedReason: row.removed_reason,
    regroupings: row.regroupings.map(({ what, looked, moved, unjudged, created_at: startedAt, ended_at: endedAt }) => ({
      what,
      looked,
      moved,
      unjudged,
      startedAt: new Date(startedAt).toISOString(),
      endedAt: endedAt === null ? null : new Date(endedAt).toISOString(),
    })),
  }
}
