import { randomUUID } from 'node:crypto'
import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import type { ArchivePlace } from '../archive/index.ts'
import type { RetentionPolicy } from '../config/index.ts'
import type { Store } from '../store/store.ts'
import { countDue } from './count-due.ts'
import { type PlacedPolicy, readPolicies } from './policies.ts'

/** More than this at once is not ended by the policy alone: a clock that jumped, or a policy with a slip, would end everything. */
export const mostUnasked = { letters: 10_000, share: 0.2 } as const

/** A look at all letters that found some whose time is over. */
export interface Pass {
  /** UUID. */
  readonly id: string
  readonly policies: readonly PlacedPolicy[]
  readonly toDelete: number
  readonly toArchive: number
  /** Where letters are archived; `null`: nowhere, and those that should be stay. */
  readonly place: ArchivePlace | null
}

export const noPlace = 'letters are to be archived, and redrive.yaml names no place under archive'

export interface Said {
  readonly by: string
  readonly reason: string
  /** How many letters somebody agreed to. */
  readonly expect: number
}

/** By nobody but the policy. */
export const byPolicy = 'the retention policy'

/**
 * Counts what is due and writes down that it is going to be ended, or that it is so much that a person has to say so.
 * @param said a person says so
 * @returns `null` when nothing is to be done now
 * @throws PLAN_STALE: more is due than was agreed to; OPTION_INVALID: nothing is due
 */
export async function beginPass(
  store: Store,
  {
    retention,
    place = null,
    said = null,
  }: { readonly retention: RetentionPolicy; readonly place?: ArchivePlace | null; readonly said?: Said | null },
): Promise<Pass | null> {
  return store.transaction(async (client) => {
    await client.query('set local statement_timeout to 0')
    await client.query(
      `update retention_pass set state = 'failed', finished_at = now(), problem = 'its office ended before it did' where state = 'running'`,
    )
    const policies = await readPolicies(client, retention)
    const due = (await countDue(client, policies, { days: 0 })).filter(({ held }) => held === null)
    const toDelete = sumOf(due, 'delete')
    const toArchive = place === null ? 0 : sumOf(due, 'archive')
    const hasNoPlace = place === null && sumOf(due, 'archive') > 0
    const sum = toDelete + toArchive
    if (sum === 0) {
      await client.query(`delete from retention_pass where queue_id is null and (state = 'asks' or problem = $1)`, [
        noPlace,
      ])
      // What failed has been caught up on since.
      await client.query(`update retention_pass set state = 'done' where state = 'failed' and queue_id is null`)
      if (hasNoPlace) await writePass(client, { state: 'failed', problem: noPlace })
      if (said === null) return null
      throw new RedriveError('REQUEST_INVALID', 'No letter’s time is over: nothing to do.', {
        hint: 'See what is to come: redrive retention',
      })
    }
    // Archived ones do not end by the policy: however many they are, they make what is due no smaller a part.
    const { rows } = await client.query<{ letters: number }>(
      `select count(*)::float8 as letters from letter where state <> 'archived'`,
    )
    const letters = rows[0]?.letters ?? 0
    if (said !== null && sum > Math.ceil(said.expect * 1.05))
      throw new RedriveError(
        'PLAN_STALE',
        `The time of ${sum} letters is over, not of ${said.expect}. None was ended.`,
        {
          hint: 'Look at them again: redrive retention',
          data: { letters: sum },
        },
      )
    const asks = said === null && sum > mostUnasked.letters && sum > mostUnasked.share * letters
    await client.query(`delete from retention_pass where state = 'asks'`)
    const id = await writePass(client, { state: asks ? 'asks' : 'running', said, letters, toDelete, toArchive })
    return asks ? null : { id, policies, toDelete, toArchive, place }
  })
}

async function writePass(
  client: PoolClient,
  pass: {
    readonly state: 'running' | 'asks' | 'failed'
    readonly problem?: string
    readonly said?: Said | null
    readonly letters?: number
    readonly toDelete?: number
    readonly toArchive?: number
  },
): Promise<string> {
  const { state, problem = null, said = null, letters = 0, toDelete = 0, toArchive = 0 } = pass
  const id = randomUUID()
  await client.query(
    `insert into retention_pass (id, by, reason, state, letters, to_delete, to_archive, problem, finished_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, case when $4 = 'failed' then now() end)`,
    [id, said?.by ?? byPolicy, said?.reason ?? null, state, letters, toDelete, toArchive, problem],
  )
  return id
}

function sumOf(due: readonly { readonly action: string; readonly letters: number }[], action: string): number {
  return due.reduce((sum, each) => sum + (each.action === action ? each.letters : 0), 0)
}
