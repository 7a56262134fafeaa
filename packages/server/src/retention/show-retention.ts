import { RedriveError } from '@redrive/worker'
import type { Pool, PoolClient } from 'pg'
import type { RetentionPolicy } from '../config/index.ts'
import { showPassId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { countDue, type Due, type Held } from './count-due.ts'
import { isSame, type PlacedPolicy, readPolicies, type SaidPolicy, summedUp } from './policies.ts'

export interface RetentionView {
  /** Of queues and tiers that say nothing else. */
  readonly office: RetentionPolicy
  /** Of queues, where all tiers have one policy; else of their tiers. Those that have the office's are left out. */
  readonly own: readonly (SaidPolicy & { readonly queue: string })[]
  /** Letters whose time is over, and that a pass ends next. */
  readonly due: Ending
  readonly forecast: Forecast
  /** Newest first, at most ten. */
  readonly passes: readonly PassView[]
}

/** How many letters end, and how. */
export interface Ending {
  readonly delete: number
  readonly archive: number
}

export interface Forecast {
  /** Days from when it was made. Days without any are left out. */
  readonly days: readonly (Ending & { readonly inDays: number })[]
  /** By queue, the most letters first. */
  readonly queues: readonly (Ending & { readonly queue: string })[]
  /** Letters whose time is over or will be, and that are kept all the same. */
  readonly held: readonly {
    readonly why: Held
    readonly queue: string
    readonly letters: number
    readonly causes: number
  }[]
}

export interface PassView {
  /** `e_…` */
  readonly id: string
  readonly state: 'running' | 'done' | 'asks' | 'failed'
  readonly startedAt: string
  readonly finishedAt: string | null
  readonly by: string
  readonly reason: string | null
  /** That there were. */
  readonly letters: number
  readonly toDelete: number
  readonly toArchive: number
  readonly deleted: number
  readonly archived: number
  readonly freedBytes: number
  readonly problem: string | null
}

export function showRetention(
  store: Store,
  { retention, days }: { readonly retention: RetentionPolicy; readonly days: number },
): Promise<RetentionView> {
  return store.transaction(
    async (client) => {
      await client.query('set local statement_timeout to 0')
      const policies = await readPolicies(client, retention)
      const due = await countDue(client, policies, { days })
      const ending = due.filter(({ held }) => held === null)
      return {
        office: retention,
        own: ownPolicies(policies, retention),
        due: sumUp(ending.filter(({ inDays }) => inDays === 0)),
        forecast: forecastOf(due, policies),
        passes: await readPasses(client),
      }
    },
    { isolation: 'repeatable read', readOnly: true },
  )
}

/** What is to come within some days. Reads each letter's narrow row once. */
export async function forecast(
  client: PoolClient,
  { policies, days }: { readonly policies: readonly PlacedPolicy[]; readonly days: number },
): Promise<Forecast> {
  return forecastOf(await countDue(client, policies, { days }), policies)
}

function forecastOf(due: readonly Due[], policies: readonly PlacedPolicy[]): Forecast {
  const names = new Map(policies.map(({ queueId, queue }) => [queueId, queue]))
  const ending = due.filter(({ held }) => held === null)
  const held = due.filter((each): each is Due & { readonly held: Held } => each.held !== null)
  return {
    days: [...Map.groupBy(ending, ({ inDays }) => inDays)].map(([inDays, own]) => ({ inDays, ...sumUp(own) })),
    queues: [...Map.groupBy(ending, ({ queueId }) => queueId)]
      .map(([queueId, own]) => ({ queue: names.get(queueId) ?? '', ...sumUp(own) }))
      .toSorted((a, b) => b.delete + b.archive - (a.delete + a.archive)),
    held: [...Map.groupBy(held, ({ held: why, queueId }) => `${why} ${queueId}`).values()]
      .map((own) => ({
        why: own[0]?.held ?? 'outcome-awaited',
        queue: names.get(own[0]?.queueId ?? 0) ?? '',
        letters: own.reduce((sum, { letters }) => sum + letters, 0),
        causes: own.reduce((sum, { causes }) => sum + causes, 0),
      }))
      .toSorted((a, b) => b.letters - a.letters),
  }
}

function sumUp(due: readonly Due[]): Ending {
  const of = (action: Due['action']): number =>
    due.reduce((sum, each) => (each.action === action ? sum + each.letters : sum), 0)
  return { delete: of('delete'), archive: of('archive') }
}

function ownPolicies(policies: readonly PlacedPolicy[], office: RetentionPolicy): RetentionView['own'] {
  return [...Map.groupBy(policies, ({ queue }) => queue)].flatMap(([queue, ofTiers]) =>
    summedUp(ofTiers)
      .filter((each) => !isSame(each, office))
      .map(({ tier, keepDays, afterwards, open }) => ({ queue, tier, keepDays, afterwards, open })),
  )
}

/** @param id UUID. @throws NOT_FOUND */
export async function showPass(store: Store, id: string): Promise<PassView> {
  const [pass] = await readPasses(store.pool, id)
  if (pass !== undefined) return pass
  throw new RedriveError('NOT_FOUND', 'There is no such pass of retention.', {
    hint: 'The latest are in: redrive retention',
  })
}

/** Newest first, at most ten. */
async function readPasses(client: Pool | PoolClient, id: string | null = null): Promise<readonly PassView[]> {
  const { rows } = await client.query<
    Omit<PassView, 'startedAt' | 'finishedAt'> & { readonly started: Date; readonly finished: Date | null }
  >(
    `select id, state, started_at as started, finished_at as finished, by, reason, letters::float8, to_delete::float8 as "toDelete",
       to_archive::float8 as "toArchive", deleted::float8, archived::float8, freed_bytes::float8 as "freedBytes", problem
     from retention_pass where $1::uuid is null or id = $1 order by started_at desc, id desc limit 10`,
    [id],
  )
  return rows.map(({ id, started, finished, ...pass }) => ({
    ...pass,
    id: showPassId(id),
    startedAt: started.toISOString(),
    finishedAt: finished?.toISOString() ?? null,
  }))
}
