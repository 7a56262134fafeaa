import { RedriveError } from '@redrive/worker'
import type { Pool } from 'pg'
import { parseAlertId, showAlertId, showCauseId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { type Alert, type AlertState } from './alert.ts'
import type { NoticeChange } from './notice.ts'
import { type AlertRow, alertOf } from './read-alerts.ts'
import type { AlertRule } from './rules.ts'

export interface AlertView
  extends Pick<
    Alert,
    | 'rule'
    | 'queue'
    | 'tier'
    | 'owner'
    | 'state'
    | 'urgency'
    | 'title'
    | 'facts'
    | 'next'
    | 'runbook'
    | 'acknowledgedBy'
    | 'resolvedWhy'
    | 'told'
  > {
  /** `a_…` */
  readonly id: string
  readonly cause: string | null
  readonly raisedAt: string
  readonly acknowledgedAt: string | null
  readonly resolvedAt: string | null
  /** The alert that speaks for it. */
  readonly storm: string | null
  readonly saidAt: string | null
}

export interface ToldView {
  readonly notifier: string
  readonly change: NoticeChange
  readonly state: 'waiting' | 'delivered' | 'refused' | 'dropped'
  readonly at: string
  readonly endedAt: string | null
  readonly tries: number
  readonly problem: string | null
}

/** Newest first. @throws REQUEST_INVALID for a cursor that is not one */
export async function listAlerts(
  store: Store,
  options: {
    /** @default all that are not over */
    readonly state?: AlertState | 'all'
    readonly queue?: string
    readonly rule?: AlertRule
    /** 1 to 200 */
    readonly limit: number
    /** `next` of the page before */
    readonly after?: string
  },
): Promise<{ readonly alerts: readonly AlertView[]; readonly next: string | null }> {
  const { state = null, queue = null, rule = null, limit, after } = options
  const { rows } = await store.pool.query<AlertRow>(
    `select a.*, a.tier::text from alert a
      where case when $1::text is null then state <> 'resolved' when $1 = 'all' then true else state = $1 end
        and ($2::text is null or queue = $2) and ($3::text is null or rule = $3)
        and ($4::uuid is null or (raised_at, id) < (select raised_at, id from alert where id = $4))
      order by raised_at desc, id desc limit $5`,
    [state, queue, rule, after === undefined ? null : parseAlertId(after), limit + 1],
  )
  const page = rows.slice(0, limit).map((row) => viewOf(alertOf(row)))
  return { alerts: page, next: rows.length > limit ? (page.at(-1)?.id ?? null) : null }
}

/** With what was said of it to whom, oldest first, the last two hundred. @throws NOT_FOUND */
export async function showAlert(
  store: Store,
  alert: string,
): Promise<AlertView & { readonly notifications: readonly ToldView[] }> {
  const id = parseAlertId(alert)
  const { rows } = await store.pool.query<AlertRow>('select a.*, a.tier::text from alert a where id = $1', [id])
  const [row] = rows
  if (row === undefined)
    throw new RedriveError('NOT_FOUND', `there is no alert ${alert}`, { hint: 'List them: redrive alerts --all' })
  return { ...viewOf(alertOf(row)), notifications: await toldOf(store.pool, id) }
}

async function toldOf(pool: Pool, id: string): Promise<readonly ToldView[]> {
  const { rows } = await pool.query<Omit<ToldView, 'at' | 'endedAt'> & { written_at: Date; ended_at: Date | null }>(
    `select notifier, change, state, written_at, ended_at, tries, problem from notification where alert_id = $1 order by id desc limit 200`,
    [id],
  )
  return rows
    .map(({ written_at: at, ended_at: endedAt, ...row }) => ({
      ...row,
      at: at.toISOString(),
      endedAt: endedAt?.toISOString() ?? null,
    }))
    .reverse()
}

function viewOf(alert: Alert): AlertView {
  const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
  const { rule, queue, tier, owner, state, urgency, title, facts, next, runbook, acknowledgedBy, resolvedWhy, told } =
    alert
  return {
    id: showAlertId(alert.id),
    rule,
    state,
    urgency,
    title,
    queue,
    cause: alert.causeId === null ? null : showCauseId(alert.causeId),
    tier,
    owner,
    facts,
    next,
    runbook,
    raisedAt: new Date(alert.raisedAtMs).toISOString(),
    acknowledgedAt: time(alert.acknowledgedAtMs),
    acknowledgedBy,
    resolvedAt: time(alert.resolvedAtMs),
    resolvedWhy,
    storm: alert.storm === null ? null : showAlertId(alert.storm),
    saidAt: time(alert.saidAtMs),
    told,
  }
}
