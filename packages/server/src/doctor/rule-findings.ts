import { showRuleId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import type { Finding } from './finding.ts'

/** Rules of causes that were made before a header they name causes by was masked: their causes cannot be told apart by their titles. */
export async function ruleFindings(store: Store): Promise<readonly Finding[]> {
  const { rows } = await store.pool.query<{
    id: string
    name: string
    queue: string | null
    file: string | null
    headers: readonly string[]
  }>(
    `select id, name, queue, file, array(select jsonb_object_keys(masked) order by 1) as headers from cause_rule
      where kind = 'rule' and removed_at is null and masked <> '{}' order by number`,
  )
  return rows.map(({ id, name, queue, file, headers }) => ({
    code: 'rule-masked',
    severity: 'advice',
    queue,
    what: `the rule ${JSON.stringify(name)} names causes by the header${headers.length === 1 ? '' : 's'} ${headers.join(', ')}, whose values are masked`,
    why: 'it was made before masking said so; their titles have a mark in place of the value, and cannot be told apart',
    next:
      file === null
        ? `redrive rules remove ${showRuleId(id)} --reason …`
        : `take it out of ${file} and start the office again`,
  }))
}
