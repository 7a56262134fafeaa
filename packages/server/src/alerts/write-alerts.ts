import type { PoolClient } from 'pg'
import { storableJson, storableText } from '../store/copy-binary.ts'
import type { Addressed } from './address.ts'
import type { Alert } from './alert.ts'

/** New alerts and changed ones. A storm comes before those it speaks for. */
export async function writeAlerts(client: PoolClient, alerts: readonly Alert[]): Promise<void> {
  if (alerts.length === 0) return
  const sorted = alerts.toSorted((a, b) => Number(a.rule !== 'storm') - Number(b.rule !== 'storm'))
  await client.query({
    name: 'write-alerts',
    text: `
      insert into alert (id, rule, subject, queue, cause_id, tier, owner, state, urgency, title, facts, next, runbook, raised_at, acknowledged_at,
                         acknowledged_by, quiet_since, resolved_at, resolved_why, storm, said_at, said, escalated, told)
      select id, rule, subject, queue, cause_id, tier, owner, state, urgency, title, facts, next, runbook, raised_at, acknowledged_at,
             acknowledged_by, quiet_since, resolved_at, resolved_why, storm, said_at, said, escalated, told
        from jsonb_to_recordset($1::jsonb) as a (id uuid, rule text, subject text, queue text, cause_id bigint, tier tier, owner text, state text,
             urgency text, title text, facts jsonb, next text, runbook text, raised_at timestamptz, acknowledged_at timestamptz,
             acknowledged_by text, quiet_since timestamptz, resolved_at timestamptz, resolved_why text, storm uuid, said_at timestamptz,
             said int, escalated int, told text[])
      on conflict (id) do update set
        state = excluded.state, urgency = excluded.urgency, owner = excluded.owner, title = excluded.title, facts = excluded.facts,
        next = excluded.next, runbook = excluded.runbook, acknowledged_at = excluded.acknowledged_at,
        acknowledged_by = excluded.acknowledged_by, quiet_since = excluded.quiet_since, resolved_at = excluded.resolved_at,
        resolved_why = excluded.resolved_why, said_at = excluded.said_at, said = excluded.said, escalated = excluded.escalated,
        told = excluded.told`,
    values: [storableJson(sorted.map(rowOf))],
  })
}

function rowOf(alert: Alert): Readonly<Record<string, unknown>> {
  const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
  return {
    id: alert.id,
    rule: alert.rule,
    subject: storableText(alert.subject),
    queue: alert.queue,
    cause_id: alert.causeId,
    tier: alert.tier,
    owner: alert.owner,
    state: alert.state,
    urgency: alert.urgency,
    title: alert.title,
    facts: alert.facts,
    next: alert.next,
    runbook: alert.runbook,
    raised_at: time(alert.raisedAtMs),
    acknowledged_at: time(alert.acknowledgedAtMs),
    acknowledged_by: alert.acknowledgedBy,
    quiet_since: time(alert.quietSinceMs),
    resolved_at: time(alert.resolvedAtMs),
    resolved_why: alert.resolvedWhy,
    storm: alert.storm,
    said_at: time(alert.saidAtMs),
    said: alert.said,
    escalated: alert.escalated,
    told: alert.told,
  }
}

/** What is to be delivered, in the order in which it is to arrive. */
export async function writeNotifications(client: PoolClient, addressed: readonly Addressed[]): Promise<void> {
  if (addressed.length === 0) return
  await client.query({
    name: 'write-notifications',
    text: `
      insert into notification (key, alert_id, notifier, change, notice, hold_until)
      select gen_random_uuid(), alert_id, notifier, change, notice, hold_until
        from rows from (jsonb_to_recordset($1::jsonb)
          as (alert_id uuid, notifier text, change text, notice jsonb, hold_until timestamptz)) with ordinality order by ordinality`,
    values: [
      storableJson(
        addressed.map(({ alert, notifier, notice, holdUntilMs }) => ({
          alert_id: alert,
          notifier,
          change: notice.change,
          notice,
          hold_until: holdUntilMs === null ? null : new Date(holdUntilMs).toISOString(),
        })),
      ),
    ],
  })
}
