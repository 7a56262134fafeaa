import { randomUUID } from 'node:crypto'
import type { PoolClient } from 'pg'
import type { AlertsConfig } from '../config/index.ts'
import type { Finding } from '../doctor/index.ts'
import type { Store } from '../store/store.ts'
import { address } from './address.ts'
import type { Alert, Condition } from './alert.ts'
import { automaticConditions } from './conditions/automatic-conditions.ts'
import { causeConditions } from './conditions/cause-conditions.ts'
import { describeCauses } from './conditions/describe-causes.ts'
import { findingConditions, findingRules } from './conditions/finding-conditions.ts'
import { lookAtQueues } from './conditions/look-at-queues.ts'
import { notifierConditions } from './conditions/notifier-conditions.ts'
import { queueConditions } from './conditions/queue-conditions.ts'
import { runConditions } from './conditions/run-conditions.ts'
import { type Conversed, converse } from './conversation/index.ts'
import { deathRateConditions } from './death-rate/death-rate-conditions.ts'
import type { CauseMinutes } from './growth/count-minutes.ts'
import { countedMs, growthConditions } from './growth/growth-conditions.ts'
import { acknowledgeLinks } from './links.ts'
import { readLimits } from './policy/index.ts'
import { readEnded, readKnown } from './read-alerts.ts'
import { type AlertRule, causeRules } from './rules.ts'
import type { ReadSource, SilenceWatch } from './silence/silence-conditions.ts'
import { takeTurn } from './turn.ts'
import { writeAlerts, writeNotifications } from './write-alerts.ts'

export interface LookOptions {
  readonly config: AlertsConfig
  /** Where people reach the office; `null`: no links. */
  readonly officeUrl: string | null
  /** Also at queues. */
  readonly minutes?: (client: PoolClient, nowMs: number) => Promise<readonly CauseMinutes[]>
  /** Also at what the doctor finds. */
  readonly findings?: () => Promise<readonly Finding[]>
  /** With `findings`: also at queues from which nothing comes. */
  readonly silence?: { readonly watch: SilenceWatch; readonly captures: () => readonly ReadSource[] }
  /** @default the database's time */
  readonly nowMs?: number
}

export interface Looked {
  readonly alerts: readonly Alert[]
  /** How many notifications were written. */
  readonly notifications: number
}

const saidAgoMs = 600_000

/**
 * Looks once at everything that is asked for, and writes what is to be said in the same transaction as the alerts. `null`: another office looks now.
 */
export async function lookOnce(store: Store, options: LookOptions): Promise<Looked | null> {
  return store.transaction(async (client) => {
    const databaseMs = await takeTurn(client)
    if (databaseMs === null) return null
    const nowMs = options.nowMs ?? databaseMs
    const known = await readKnown(client, new Date(nowMs - saidAgoMs))
    const { conditions, looked } = await lookAtAll(client, { known, nowMs, options })
    const { routes } = options.config
    const conversed = converse({ known, conditions, looked, routes, nowMs, newId: randomUUID })
    return write(client, await refreshed(client, conversed, nowMs), { ...options, nowMs })
  })
}

/** Writes what a conversation came to. The caller has its turn. */
export async function write(
  client: PoolClient,
  conversed: Conversed,
  { config, officeUrl, nowMs }: Pick<LookOptions, 'config' | 'officeUrl'> & { readonly nowMs: number },
): Promise<Looked> {
  const linkOf = await acknowledgeLinks(client, officeUrl)
  const { alerts, addressed } = address(conversed, { routes: config.routes, nowMs, linkOf })
  await writeAlerts(client, alerts)
  await writeNotifications(client, addressed)
  return { alerts, notifications: addressed.length }
}

async function lookAtAll(
  client: PoolClient,
  {
    known,
    nowMs,
    options,
  }: { readonly known: readonly Alert[]; readonly nowMs: number; readonly options: LookOptions },
): Promise<{ readonly conditions: readonly Condition[]; readonly looked: ReadonlySet<AlertRule> }> {
  const conditions: Condition[] = [
    ...(await causeConditions(client, { known, nowMs })),
    ...(await runConditions(client)),
    ...(await automaticConditions(client)),
    ...(await notifierConditions(client, nowMs)),
  ]
  const looked = new Set<AlertRule>([...causeRules, 'run-halted', 'automatic-stopped', 'notifier-down'])
  const { minutes, findings, silence, config } = options
  // Pages wait while this look has the turn.
  if (minutes !== undefined || findings !== undefined) await client.query(`set local lock_timeout = '1s'`)
  const open = known.filter(({ state }) => state !== 'resolved')
  const limits = minutes === undefined && silence === undefined ? [] : await readLimits(client, config.limits)
  if (minutes !== undefined) {
    const subjects = new Set(open.map(({ subject }) => subject))
    const told = new Set([
      ...[...open, ...conditions].flatMap(({ causeId }) => (causeId === null ? [] : [causeId])),
      ...(await readEnded(client, new Date(nowMs - countedMs))),
    ])
    const counted = await minutes(client, nowMs)
    conditions.push(
      ...queueConditions(await lookAtQueues(client), { limits, known: subjects, nowMs }),
      ...(await growthConditions(client, counted, { told, limits, nowMs })),
      ...(await deathRateConditions(client, counted, { known: open, found: conditions, limits, nowMs })),
    )
    for (const rule of ['depth', 'age', 'growth', 'death-rate'] as const) looked.add(rule)
  }
  if (findings !== undefined) {
    const found = await findings()
    conditions.push(...findingConditions(found, await ownersOf(client, found)))
    for (const rule of findingRules) looked.add(rule)
  }
  if (findings !== undefined && silence !== undefined) {
    const captures = silence.captures()
    conditions.push(...(await silence.watch(client, { captures, limits, nowMs })))
    looked.add('source-silent')
  }
  return { conditions, looked }
}

async function ownersOf(client: PoolClient, findings: readonly Finding[]): Promise<ReadonlyMap<string, string | null>> {
  const names = findings.flatMap(({ queue }) => (queue === null ? [] : [queue]))
  const { rows } = await client.query<{ queue: string; owner: string }>(
    `select queue, value as owner from queue_says where field = 'owner' and queue = any($1)`,
    [names],
  )
  return new Map(rows.map(({ queue, owner }) => [queue, owner]))
}

/** What is said of a cause is said as it is now; nothing of that is read while nothing is said. */
async function refreshed(client: PoolClient, { changed, sayings }: Conversed, nowMs: number): Promise<Conversed> {
  const later = sayings.filter(({ alert, change }) => alert.causeId !== null && change !== 'raised')
  const described = await describeCauses(
    client,
    later.flatMap(({ alert: { causeId, rule } }) => (causeId === null ? [] : [{ id: causeId, rule }])),
    nowMs,
  )
  const fresh = (alert: Alert): Alert => {
    const now = alert.causeId === null ? undefined : described.get(alert.causeId)
    return now === undefined ? alert : { ...alert, title: now.title, facts: now.facts, owner: now.owner }
  }
  return { changed: changed.map(fresh), sayings: sayings.map((saying) => ({ ...saying, alert: fresh(saying.alert) })) }
}
