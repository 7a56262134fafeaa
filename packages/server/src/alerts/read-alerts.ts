import { type Tier, tiers } from '@redrive/worker'
import type { Pool, PoolClient } from 'pg'
import { type Alert, type AlertState, alertStates } from './alert.ts'
import type { Fact } from './notice.ts'
import { alertRuleNames, type Urgency } from './rules.ts'

export interface AlertRow {
  readonly id: string
  readonly rule: string
  readonly subject: string
  readonly queue: string | null
  readonly cause_id: string | null
  readonly tier: Tier | null
  readonly owner: string | null
  readonly state: AlertState
  readonly urgency: Urgency
  readonly title: string
  readonly facts: readonly Fact[]
  readonly next: string | null
  readonly runbook: string | null
  readonly raised_at: Date
  readonly acknowledged_at: Date | null
  readonly acknowledged_by: string | null
  readonly quiet_since: Date | null
  readonly resolved_at: Date | null
  readonly resolved_why: string | null
  readonly storm: string | null
  readonly said_at: Date | null
  readonly said: number
  readonly escalated: number
  readonly told: readonly string[]
}

/** What a conversation goes on from: all that is not over, and what was said since. */
export async function readKnown(client: Pool | PoolClient, saidSince: Date): Promise<readonly Alert[]> {
  const { rows } = await client.query<AlertRow>({
    name: 'known-alerts',
    text: `select a.*, a.tier::text from alert a where state <> 'resolved'
           union all select a.*, a.tier::text from alert a where state = 'resolved' and said_at >= $1`,
    values: [saidSince],
  })
  return rows.map(alertOf)
}

/** Causes with an alert that somebody was told the end of since then. */
export async function readEnded(client: Pool | PoolClient, since: Date): Promise<readonly string[]> {
  const { rows } = await client.query<{ cause_id: string }>({
    name: 'ended-alerts',
    text: `select distinct cause_id from alert where state = 'resolved' and said_at >= $1 and cause_id is not null`,
    values: [since],
  })
  return rows.map(({ cause_id }) => cause_id)
}

export function alertOf(row: AlertRow): Alert {
  return {
    id: row.id,
    rule: alertRuleNames.find((rule) => rule === row.rule) ?? 'storm',
    subject: row.subject,
    queue: row.queue,
    causeId: row.cause_id,
    tier: tiers.find((tier) => tier === row.tier) ?? null,
    owner: row.owner,
    state: alertStates.find((state) => state === row.state) ?? 'raised',
    urgency: row.urgency,
    title: row.title,
    facts: row.facts,
    next: row.next,
    runbook: row.runbook,
    raisedAtMs: row.raised_at.getTime(),
    acknowledgedAtMs: row.acknowledged_at?.getTime() ?? null,
    acknowledgedBy: row.acknowledged_by,
    quietSinceMs: row.quiet_since?.getTime() ?? null,
    resolvedAtMs: row.resolved_at?.getTime() ?? null,
    resolvedWhy: row.resolved_why,
    storm: row.storm,
    saidAtMs: row.said_at?.getTime() ?? null,
    said: row.said,
    escalated: row.escalated,
    told: row.told,
  }
}
