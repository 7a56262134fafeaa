import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../../audit/index.ts'
import { type NotifierConfig, type ReviewConfig, reviewIssues } from '../../config/index.ts'
import type { Store } from '../../store/store.ts'
import { lockSchedule } from './lock-schedule.ts'
import { readSchedule } from './read-schedule.ts'

export interface ScheduleChange {
  /** `null` takes back what was set. */
  readonly fields: { readonly [Field in keyof ReviewConfig]?: ReviewConfig[Field] | null }
  readonly by: string
  readonly reason: string | null
  /** Those that are configured, by name. */
  readonly notifiers: Readonly<Record<string, Pick<NotifierConfig, 'type'>>>
}

/**
 * Sets when reviews are sent, to whom and of whose weeks, all of it or nothing. What a file says is changed there only.
 * @throws REQUEST_INVALID (nothing to change, no time zone, no such notifier), STATE_CONFLICT (a file says it)
 */
export async function changeSchedule(store: Store, { fields, by, reason, notifiers }: ScheduleChange): Promise<void> {
  const named = Object.entries(fields)
  if (named.length === 0)
    throw new RedriveError('REQUEST_INVALID', 'Nothing is said of the schedule, so nothing was changed.', {
      hint: "Name a field, as in: redrive review schedule --at 'mon 08:00' --notify team",
    })
  const { zone = null, notify = null } = fields
  const [issue] = reviewIssues({ zone: zone ?? 'UTC', notify: notify ?? [] }, notifiers)
  if (issue !== undefined)
    throw new RedriveError('REQUEST_INVALID', `${issue.path.slice(1).join('.')}: ${issue.message}.`, {
      hint: 'Nothing was changed.',
    })
  await store.transaction(async (client) => {
    await lockSchedule(client)
    const names = named.map(([field]) => field)
    await refuseWhatFilesSay(client, names)
    const before = await readSchedule(client)
    const changed = named.filter(([field, value]) => {
      const { value: was, origin } = before[field as keyof ReviewConfig]
      return JSON.stringify(value) !== JSON.stringify(origin === 'api' ? was : null)
    })
    for (const [field, value] of changed) await write(client, { field, value, by })
    if (changed.length === 0) return
    const after = await readSchedule(client)
    await recordAudit(client, {
      actor: by,
      action: 'review.schedule',
      target: 'review',
      reason: reason?.toWellFormed() ?? null,
      details: Object.fromEntries(
        changed.map(([field]) => {
          const of = field as keyof ReviewConfig
          return [field, { was: before[of].value, is: after[of].value }]
        }),
      ),
    })
  })
}

async function refuseWhatFilesSay(client: PoolClient, names: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ field: string; said_by: string }>(
    `select field, said_by from review_schedule where field = any($1) and origin = 'file' order by field`,
    [names],
  )
  if (rows.length === 0) return
  const places = rows.map(({ field, said_by }) => `review.${field} in ${said_by}`).join(', ')
  throw new RedriveError('STATE_CONFLICT', `A configuration file says it: ${places}. Nothing was changed.`, {
    hint: 'Change it there and restart the office, or take it out of the file: then it can be set here. If that file is gone, say it in a file that an office reads.',
    data: { fields: Object.fromEntries(rows.map(({ field, said_by }) => [field, said_by])) },
  })
}

async function write(
  client: PoolClient,
  { field, value, by }: { readonly field: string; readonly value: unknown; readonly by: string },
): Promise<void> {
  if (value === null) {
    await client.query(`delete from review_schedule where field = $1 and origin = 'api'`, [field])
    return
  }
  await client.query(
    `insert into review_schedule (field, origin, value, said_by) values ($1, 'api', $2, $3)
     on conflict (field, origin) do update set value = excluded.value, said_by = excluded.said_by, said_at = now()`,
    [field, JSON.stringify(value), by],
  )
}
