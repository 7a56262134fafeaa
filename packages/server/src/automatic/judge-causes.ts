import type { Tier } from '@redrive/worker'
import type { Pool, PoolClient } from 'pg'
import type { ReplayPolicy } from '../config/index.ts'
import type { LeftOut } from './decide.ts'
import { isSeen } from './seen-releases.ts'

export interface JudgedCauses {
  /** Ids of causes whose letters may be sent. */
  readonly ready: readonly string[]
  /** Those that may not, by why. */
  readonly leftOut: ReadonlyMap<string, LeftOut>
}

/**
 * Which causes with open letters a policy may touch. Who acknowledged or snoozed one sees to it, and is not overtaken. With `fixed` only those that are
 * said to be, never one that came back; one that is fixed in a release once that was seen.
 */
export async function judgeCauses(
  client: Pool | PoolClient,
  { queueId, tier, when }: { readonly queueId: number; readonly tier: Tier } & Pick<ReplayPolicy, 'when'>,
): Promise<JudgedCauses> {
  const { rows } = await client.query<Row>(
    `select c.id, c.state::text, c.consumer, w.release, c.letters > w.looked_letters as "isUnlooked"
       from cause c left join cause_watch w on w.cause_id = c.id
      where c.queue_id = $1 and c.tier = $2 and exists (select from outstanding o where o.cause_id = c.id and o.state = 'open')`,
    [queueId, tier],
  )
  const ready: string[] = []
  const leftOut = new Map<string, LeftOut>()
  for (const row of rows) {
    const why = whyNot(row, when) ?? ((await isDeployed(client, { ...row, queueId, when })) ? null : 'not-seen')
    if (why === null) ready.push(row.id)
    else leftOut.set(row.id, why)
  }
  return { ready, leftOut }
}

interface Row {
  readonly id: string
  readonly state: string
  readonly consumer: string | null
  readonly release: string | null
  /** Letters came of which nobody looked yet whether the cause is back. */
  readonly isUnlooked: boolean | null
}

function whyNot({ state, isUnlooked }: Row, when: ReplayPolicy['when']): LeftOut | null {
  if (state === 'acknowledged' || state === 'snoozed') return 'taken'
  if (when !== 'fixed') return null
  if (state === 'regressed') return 'regressed'
  if (state !== 'fixed') return 'not-fixed'
  return isUnlooked === true ? 'too-new' : null
}

async function isDeployed(
  client: Pool | PoolClient,
  { queueId, consumer, release, when }: Row & { readonly queueId: number } & Pick<ReplayPolicy, 'when'>,
): Promise<boolean> {
  return when !== 'fixed' || release === null || isSeen(client, { queueId, consumer, release })
}
