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
 * Somebody takes an alert, with its cause, and with all that a storm spoke for; once is enough, and again does nothing.
 * @throws NOT_FOUND; STATE_CONFLICT when it is over
 */
export async function acknowledgeAlert(
  store: Store,
  request: { readonly alert: string; readonly by: string; readonly note?: string | null },
  options: Pick<LookOptions, 'config' | 'officeUrl'>,
): Promise<void> {
  const id = parseAlertId(request.alert)
  const { by, note = null } = request
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
  for (const { causeId, state } of alerts)
    if (causeId !== null && state === 'raised') await takeCause(store, { causeId, by, note })
  await store.transaction(async (client) => {
    const nowMs = await waitForTurn(client)
    const { rows } = await client.query<AlertRow>(
      `select a.*, a.tier::text from alert a where (id = $1 or storm = $1) and state = 'raised'`,
      [id],
    )
    const taken = rows.map((row) => acknowledged(alertOf(row), { by, nowMs }))
    const changed = taken.map(({ alert }): Alert => alert)
    if (changed.length === 0) return
    await write(client, { changed, sayings: taken.flatMap(({ sayings }) => sayings) }, { ...options, nowMs })
    await recordAudit(client, { actor: by, action: 'alert.acknowledge', target: request.alert, reason: note })
  })
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
