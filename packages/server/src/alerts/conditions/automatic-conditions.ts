import type { Tier } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { shellWord } from '../../queues/index.ts'
import type { Condition } from '../alert.ts'
import { alertRules } from '../rules.ts'
import { mostOfTitle, oneLine } from './one-line.ts'

const mostPolicies = 100

/** Policies that stopped themselves, one conversation for each. Somebody who stops one knows it. */
export async function automaticConditions(client: PoolClient): Promise<readonly Condition[]> {
  const { rows } = await client.query<{
    queue: string
    tier: Tier
    why: string | null
    since: Date
    owner: string | null
    runbook: string | null
  }>({
    name: 'stopped-policies',
    text: `select a.queue, a.tier::text, a.stopped_why as why, a.stopped_at as since, coalesce(t.value, o.value) as owner, r.value as runbook
             from automatic_replay a
             left join queue_says t on t.queue = a.queue and t.field = 'tiers.' || a.tier || '.owner'
             left join queue_says o on o.queue = a.queue and o.field = 'owner'
             left join queue_says r on r.queue = a.queue and r.field = 'runbook'
            where a.stopped_by = 'policy' order by a.queue, a.tier limit $1`,
    values: [mostPolicies],
  })
  return rows.map(({ queue, tier, why, since, owner, runbook }) => ({
    rule: 'automatic-stopped',
    subject: `automatic/${queue}/${tier}`,
    queue,
    causeId: null,
    tier,
    owner,
    urgency: alertRules['automatic-stopped'].urgency,
    title: oneLine(
      `STOPPED ${oneLine(queue, 60)}: ${tier} letters are not replayed any more by themselves`,
      mostOfTitle,
    ),
    facts: [
      { name: 'why', value: oneLine(why ?? 'nobody said why', 500) },
      { name: 'since', value: since.toISOString() },
    ],
    next: `redrive automatic resume --tier ${tier} --reason … ${shellWord(queue)}`,
    runbook,
    over: null,
    isEmpty: false,
    takenBy: null,
  }))
}
