import type { Tier } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { lockRules, raiseRulesVersion } from '../../store/cause-rules.ts'
import { storableJson, storableText } from '../../store/copy-binary.ts'
import type { Store } from '../../store/store.ts'
import type { LetterToPlace } from './letter-to-place.ts'
import { type RuleRow, ruleColumns, ruleOf } from './load-rules.ts'
import { readLetters } from './read-letters.ts'
import { replaceTitle } from './replace-title.ts'
import type { CauseRule } from './rule.ts'
import { namingOf, others, ruleCauseKey } from './rule-cause.ts'

export type MarksOf = (rule: {
  readonly per: string | null
  readonly title: string | null
}) => ReadonlyMap<string, string>

/**
 * Rules that were made before their headers were masked name causes without the values from now on, and causes that have their names already lose them:
 * also those of rules that were taken back. Letters stay in their causes. Where a header is no longer masked, causes that come later are named by it again.
 */
export async function maskTitles(store: Store, marksOf: MarksOf): Promise<void> {
  await store.transaction(async (client) => {
    await lockRules(client)
    const { rows } = await client.query<RuleRow>(
      `select ${ruleColumns} from cause_rule r where r.kind = 'rule' order by id`,
    )
    let isChanged = false
    for (const row of rows) {
      const masked = marksOf(row)
      const said = JSON.stringify(Object.fromEntries(masked))
      const { rowCount } = await client.query('update cause_rule set masked = $2 where id = $1 and masked <> $2', [
        row.id,
        storableJson(JSON.parse(said)),
      ])
      isChanged ||= rowCount === 1
      if (masked.size > 0) await renameCauses(client, { ...ruleOf(row), masked })
    }
    if (isChanged) await raiseRulesVersion(client)
  })
}

interface CauseRow {
  readonly id: string
  readonly queue_id: number
  readonly queue: string
  readonly consumer: string | null
  readonly tier: Tier
  readonly title: string
  readonly parts: { readonly value?: string }
}

async function renameCauses(client: PoolClient, rule: CauseRule): Promise<void> {
  const { rows } = await client.query<CauseRow>(
    `select c.id, c.queue_id, q.name as queue, c.consumer, c.tier, c.title, c.parts from cause c join queue q on q.id = c.queue_id
      where c.rule_id = $1 order by c.id`,
    [rule.id],
  )
  for (const row of rows) {
    const letter = await firstLetter(client, row)
    const scope = { queueId: row.queue_id, queue: row.queue, consumer: row.consumer, tier: row.tier }
    const isOthers = ruleCauseKey(rule.id, scope, others).id === row.id
    const { title, parts } = namingOf(rule, letter, isOthers ? others : (row.parts.value ?? null))
    await client.query(
      'update cause set title = $2, parts = $3 where id = $1 and (title, parts) is distinct from ($2, $3::jsonb)',
      [row.id, storableText(title), storableJson(parts)],
    )
    if (title !== row.title) await replaceTitle(client, { cause: row.id, from: row.title, to: storableText(title) })
  }
}

const beforeAll = '00000000-0000-0000-0000-000000000000'

/** The letter that a title is written from, as far as it is still there. */
async function firstLetter(client: PoolClient, row: CauseRow): Promise<LetterToPlace> {
  const asks = { asksForHeaders: true, asksForStack: false }
  const [first] = await readLetters(client, asks, { over: 'cause', id: row.id, after: beforeAll, limit: 1 })
  if (first !== undefined) return first.letter
  const gone = { errorClass: undefined, message: undefined, reason: undefined, stack: undefined }
  const { consumer, tier } = row
  return { queue: { id: row.queue_id, name: row.queue }, consumer, tier, ...gone, headers: () => undefined }
}
