import { isRedriveError, RedriveError } from '@redrive/worker'
import { recordAudit } from '../audit/index.ts'
import { acknowledgeCause } from '../causes/index.ts'
import { parseAlertId, showCauseId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import type { Alert } from './alert.ts'
import { acknowledged } from './conversation/index.ts'
import { type LookOptions, write } from './look.ts'
import { type AlertRow, alertOf } from './read-alerts.ts'
import { waitForTurn } from './turn.ts'

/**
 * Somebody takes an alert, with its cause, and with all that a storm spoke for. What joined the storm since it was said last stays, for nobody was told
 * of it: the storm is said again for that. Once is enough, and again does nothing.
 * @param request.heardAtMs what a storm said later was not seen, and is not taken
 * @throws NOT_FOUND; STATE_CONFLICT when it is over
 */
export async function acknowledgeAlert(
  store: Store,
  request: {
    readonly alert: string
    readonly by: string
    readonly note?: string | null
    readonly heardAtMs?: number
  },
  options: Pick<LookOptions, 'config' | 'officeUrl'>,
): Promise<void> {
  const id = parseAlertId(request.alert)
  const { by, note = null, heardAtMs = Number.POSITIVE_INFINITY } = request
  const found = await store.pool.query<AlertRow>(
    `select a.*, a.tier::text from alert a where id = $1 or (storm = $1 and state = 'raised')`,
    [id],
  )
  const alerts = found.rows.map(alertOf)
  const asked = alerts.find((alert) => alert.id === id)
  if (asked === undefined)
    throw new RedriveError('NOT_FOUND', `there is no alert ${request.alert}`, {
      hint: 'List them: redrive alerts --all',
    })
  if (asked.state === 'resolved')
    throw new RedriveError('STATE_CONFLICT', `The alert is over: ${asked.resolvedWhy ?? ''}`, {
      hint: 'There is nothing left to take. If it comes again, it is another alert.',
    })
  const saidUntilMs = Math.min(heardAtMs, asked.saidAtMs ?? Number.NEGATIVE_INFINITY)
  for (const { causeId, state } of spokenFor(alerts, { id, saidUntilMs }))
    if (causeId !== null && state === 'raised') await takeCause(store, { causeId, by, note })
  await store.transaction(async (client) => {
    const nowMs = await waitForTurn(client)
    const { rows } = await client.query<AlertRow>(
      `select a.*, a.tier::text from alert a where (id = $1 or storm = $1) and state = 'raised'`,
      [id],
    )
    const taken = spokenFor(rows.map(alertOf), { id, saidUntilMs }).map((alert) => acknowledged(alert, { by, nowMs }))
    const changed = taken.map(({ alert }): Alert => alert)
    if (changed.length === 0) return
    await write(client, { changed, sayings: taken.flatMap(({ sayings }) => sayings) }, { ...options, nowMs })
    await recordAudit(client, { actor: by, action: 'alert.acknowledge', target: request.alert, reason: note })
  })
}

/** How many alerts are taken with a storm that was said at that time, and how many joined it later. */
export async function countSpokenFor(
  store: Store,
  { storm, saidAt }: { readonly storm: string; readonly saidAt: string | null },
): Promise<{ readonly taken: number; readonly later: number }> {
  const { rows } = await store.pool.query<{ raised: number; taken: number }>(
    `select count(*)::int as raised, count(*) filter (where raised_at <= $2)::int as taken
       from alert where storm = $1 and state = 'raised'`,
    [parseAlertId(storm), saidAt],
  )
  const { raised = 0, taken = 0 } = rows[0] ?? {}
  return { taken, later: raised - taken }
}

/**
 * What a storm is said of was raised by that look or an earlier one: at the very time it was said, or before. The storm stays when it spoke for more
 * since: of what was said it is repeated only while nobody took it.
 */
function spokenFor(
  alerts: readonly Alert[],
  { id, saidUntilMs }: { readonly id: string; readonly saidUntilMs: number },
): readonly Alert[] {
  const saidLater = ({ raisedAtMs }: Alert, { saidAtMs }: Alert): boolean =>
    raisedAtMs > saidUntilMs && saidAtMs !== null && raisedAtMs <= saidAtMs
  return alerts.filter((alert) =>
    alert.id === id
      ? !alerts.some((other) => other.storm === id && saidLater(other, alert))
      : alert.raisedAtMs <= saidUntilMs,
  )
}

/** What somebody else did to it meanwhile ends or takes the alert by itself. */
async function takeCause(
  store: Store,
  { causeId, by, note }: { readonly causeId: string; readonly by: string; readonly note: string | null },
): Promise<void> {
  try {
    await acknowledgeCause(store, { cause: showCauseId(causeId), by, note })
  } catch (error) {
    if (!isRedriveError(error, 'STATE_CONFLICT')) throw error
  }
}
