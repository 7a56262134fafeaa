import { lockRules, raiseRulesVersion } from '../../store/cause-rules.ts'
import { storableText } from '../../store/copy-binary.ts'
import type { Store } from '../../store/store.ts'
import { maxValues } from './rule.ts'

/** A value gets a cause of its own, as long as there are fewer than fifty of its rule. Another version of the rules: all see the same ones. */
export async function noteValue(
  store: Store,
  { rule, value }: { readonly rule: string; readonly value: string },
): Promise<void> {
  await store.transaction(async (client) => {
    await lockRules(client)
    const { rowCount } = await client.query(
      `insert into cause_rule_value (rule_id, value)
       select id, $2 from cause_rule where id = $1 and removed_at is null and (select count(*) from cause_rule_value where rule_id = $1) < $3
       on conflict do nothing`,
      [rule, storableText(value), maxValues],
    )
    if (rowCount === 1) await raiseRulesVersion(client)
  })
}
