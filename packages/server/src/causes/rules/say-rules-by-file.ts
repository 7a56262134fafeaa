import { randomUUID } from 'node:crypto'
import type { PoolClient } from 'pg'
import { recordAudit } from '../../audit/index.ts'
import type { RuleConfig } from '../../config/index.ts'
import { lockRules, raiseRulesVersion } from '../../store/cause-rules.ts'
import { storableText } from '../../store/copy-binary.ts'
import { showRuleId } from '../../store/ids.ts'
import type { Store } from '../../store/store.ts'
import { queuesOf, ruleFrom } from './propose.ts'
import type { CauseRule } from './rule.ts'
import { insertRule, markRemoved, matcherText, startRegrouping } from './write-rules.ts'

/**
 * Takes the rules of the configuration in place of those that its file said before. They count before those made by API, in the order of the file; a
 * rule of the API that has the name of one of them gives way. What did not change stays as it is; what did is taken back and made anew.
 * @param said.file full path of the file
 */
export async function sayRulesByFile(
  store: Store,
  said: { readonly file: string; readonly rules: readonly RuleConfig[] },
): Promise<void> {
  const file = storableText(said.file)
  const wanted = said.rules.map((rule) => ruleFrom({ ...rule, where: rule.where }, randomUUID()))
  await store.transaction(async (client) => {
    await lockRules(client)
    const there = await rulesThere(client, wanted)
    const kept = new Map<CauseRule, Row>()
    const free = there.filter((row) => row.file === file)
    for (const rule of wanted) {
      const row = free.find((one) => !isTaken(kept, one) && one.said === saidBy(rule))
      if (row !== undefined) kept.set(rule, row)
    }
    const gone = there.filter(
      (row) => !isTaken(kept, row) && (row.file === file || wanted.some(({ name }) => name === row.name)),
    )
    const isSameOrder = wanted.every((rule, place) => kept.get(rule)?.place === place)
    if (gone.length === 0 && isSameOrder) return
    for (const { id, name } of gone) {
      await markRemoved(client, id, { by: file, why: 'the configuration says otherwise' })
      await tell(client, { action: 'causes.undo', id, name, file })
    }
    for (const [place, rule] of wanted.entries()) {
      const row = kept.get(rule)
      if (row !== undefined) await client.query('update cause_rule set place = $2 where id = $1', [row.id, place])
      else {
        await insertRule(client, rule, { by: file, why: null, file, place })
        await tell(client, { action: 'causes.rule', id: rule.id, name: rule.name, file })
      }
    }
    await regroup(client, [...gone, ...wanted.map((rule) => kept.get(rule) ?? rule)])
    await raiseRulesVersion(client)
  })
}

interface Row {
  readonly id: string
  readonly name: string
  readonly file: string | null
  readonly place: number
  readonly queue: string | null
  readonly said: string
}

async function rulesThere(client: PoolClient, wanted: readonly CauseRule[]): Promise<readonly Row[]> {
  const { rows } = await client.query<
    Omit<Row, 'said'> & { matchers: string[]; title: string | null; per: string | null }
  >(
    `select id, name, file, place, queue, matchers, title, per from cause_rule
      where kind = 'rule' and removed_at is null and (origin = 'file' or name = any($1)) order by place, number for update`,
    [wanted.map(({ name }) => name)],
  )
  return rows.map(({ matchers, title, per, ...row }) => ({
    ...row,
    said: JSON.stringify([row.name, row.queue, matchers, title, per]),
  }))
}

const saidBy = ({ name, queue, matchers, title, per }: CauseRule): string =>
  JSON.stringify([name, queue, matchers.map(matcherText), title, per])

const isTaken = (kept: ReadonlyMap<CauseRule, Row>, row: Row): boolean => [...kept.values()].includes(row)

/** Letters of all queues that the changed rules are about: an order that changed may concern any of them. */
async function regroup(client: PoolClient, rules: readonly (Row | CauseRule)[]): Promise<void> {
  const [first] = rules
  if (first === undefined) return
  const queues = rules.some(({ queue }) => queue === null) ? [null] : [...new Set(rules.map(({ queue }) => queue))]
  const ids = new Set<string>()
  for (const queue of queues) for (const id of await queuesOf(client, queue)) ids.add(id)
  await startRegrouping(client, { rule: first.id, what: 'order', over: 'queue', ids: [...ids] })
}

async function tell(
  client: PoolClient,
  {
    action,
    id,
    name,
    file,
  }: { readonly action: string; readonly id: string; readonly name: string; readonly file: string },
): Promise<void> {
  await recordAudit(client, { actor: file, action, target: showRuleId(id), reason: null, details: { name } })
}
