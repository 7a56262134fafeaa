import type { PoolClient } from 'pg'
import type { FieldName } from './letter-to-place.ts'
import { parseMatchers } from './matcher.ts'
import type { CauseMove, CauseRule, Founding } from './rule.ts'
import { type RuleSet, ruleSet } from './rule-set.ts'

export interface SaidRules {
  readonly version: number
  readonly rules: readonly CauseRule[]
  readonly moves: readonly CauseMove[]
}

/** What counts now, in the order in which it counts. The caller's transaction has to see one moment: it holds the rules, or reads repeatably. */
export async function readRules(client: PoolClient): Promise<SaidRules> {
  const { rows: versions } = await client.query<{ version: string }>('select version from cause_rule_version')
  const { rows } = await client.query<SaidRow>({
    name: 'read-cause-rules',
    text: `
      select ${ruleColumns}, r.kind, r.sources::text[] as sources, r.target,
             encode(c.fingerprint_key, 'hex') as key, c.fingerprint_version, c.basis, c.parts, c.title as cause_title, c.error_class, c.template,
             c.rule_id
        from cause_rule r left join cause c on c.id = r.target
       where r.removed_at is null
       order by r.kind <> 'rule', r.origin = 'api', r.place, r.number`,
  })
  return {
    version: Number(versions[0]?.version ?? 0),
    rules: rows.filter(({ kind }) => kind === 'rule').map(ruleOf),
    moves: rows.flatMap((row) => (row.kind === 'rule' ? [] : [moveOf(row, row.kind)])),
  }
}

export async function loadRuleSet(client: PoolClient): Promise<RuleSet> {
  return ruleSet(await readRules(client))
}

/** Columns of a `RuleRow`, of a table `r`. */
export const ruleColumns = `r.id, r.name, r.queue, r.matchers, r.title, r.per, r.masked,
             array(select value from cause_rule_value v where v.rule_id = r.id) as values`

export interface RuleRow {
  readonly id: string
  readonly name: string
  readonly queue: string | null
  readonly matchers: readonly string[]
  readonly title: string | null
  readonly per: string | null
  readonly masked: Readonly<Record<string, string>>
  readonly values: readonly string[]
}

interface SaidRow extends RuleRow {
  readonly kind: 'rule' | 'merge' | 'split'
  readonly sources: readonly string[]
  readonly target: string
  readonly key: string
  readonly fingerprint_version: number
  readonly basis: string
  readonly parts: unknown
  readonly cause_title: string
  readonly error_class: string | null
  readonly template: string | null
  readonly rule_id: string | null
}

export function ruleOf(row: RuleRow): CauseRule {
  const { id, name, queue, title, per } = row
  const [matchers, values, masked] = [
    parseMatchers(row.matchers),
    new Set(row.values),
    new Map(Object.entries(row.masked)),
  ]
  return { kind: 'rule', id, name, queue, title, per: per as FieldName | null, matchers, values, masked }
}

function moveOf(row: SaidRow, kind: 'merge' | 'split'): CauseMove {
  const target: Founding = {
    id: row.target,
    key: row.key,
    version: row.fingerprint_version,
    basis: row.basis,
    parts: row.parts,
    title: row.cause_title,
    errorClass: row.error_class,
    template: row.template,
    rule: row.rule_id,
  }
  return { kind, id: row.id, matchers: parseMatchers(row.matchers), sources: row.sources, target }
}
