import type { Pool, PoolClient } from 'pg'
import type { Store } from '../store/store.ts'
import type { Intent } from './claimed.ts'
import { paceAfter } from './control.ts'
import type { NotedEnds } from './ends.ts'

/** A run in the hands of this process; the token fences every write of it. */
export interface Lease {
  readonly runId: string
  readonly planId: string
  readonly token: string
  /** The lock that shows that its holder may still send; without one it counts as gone once the lease is over. */
  readonly sender?: string
  /** By this process's own monotonic clock, until when nobody else can have it. */
  readonly sure: { untilMs: number }
}

export const leaseSeconds = 20
/** A send is begun only while the lease has this long to go: it is over, or given up, before somebody else looks for it. */
const sendMarginMs = 5_000

/** From before the question that made it ours for another while: the database's clock began to count later. */
export function sureSince(askedAtMs: number): number {
  return askedAtMs + leaseSeconds * 1_000
}

/** Whether a send may begin. */
export function maySend({ sure }: Pick<Lease, 'sure'>): boolean {
  return performance.now() < sure.untilMs - sendMarginMs
}

/**
 * `end`: no letter is left. `wait`: the pace allows the next letters in so many milliseconds. `judge`: the canary is out and has no
 * verdict, or the run has sent all it may. `stopped`: somebody or a rule stopped the run. `lost`: another process holds it.
 */
export type Claim =
  | ({ readonly kind: 'claimed' } & Intent)
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'end' | 'judge' | 'stopped' | 'lost' }

/** Most letters and bytes of one batch; a single letter may have more. */
const maxBatch = 2_000
const maxBatchBytes = 8 * 1_024 * 1_024
/** A batch is what the pace allows in this time, so that a stop is obeyed soon. */
const batchSeconds = 0.25

export interface ClaimOptions {
  /** How far the places reach, noted so that it can be found out later whether the letters arrived. */
  readonly ends?: NotedEnds | null
  /** Connections whose places are in the office's own database. @default none */
  readonly within?: readonly string[]
}

/**
 * Writes the intent of the next letters of a run, in one transaction with the run's progress and its pace. The letters are `replaying`
 * since its start, so they are as they were agreed to.
 */
export async function claimNext(store: Store, lease: Lease, options: ClaimOptions = {}): Promise<Claim> {
  const askedAtMs = performance.now()
  const claim = await store.transaction(async (client): Promise<Claim> => {
    const progress = await lockProgress(client, lease)
    if (progress === null) return { kind: 'lost' }
    const next = nextRange(progress)
    if (typeof next === 'string') return { kind: next }
    if (progress.due_in_ms > 0) return { kind: 'wait', ms: progress.due_in_ms }
    const { upto, isWithin } = await intend(client, lease, { ...next, ...options })
    return { kind: 'claimed', fromOrdinal: next.from, toOrdinal: upto, isWithin }
  })
  if (claim.kind === 'claimed') lease.sure.untilMs = sureSince(askedAtMs)
  return claim
}

/** Whether the run is still ours; if so it stays ours for another while. */
export async function renewLease(client: Pool | PoolClient, lease: Lease): Promise<boolean> {
  const askedAtMs = performance.now()
  const { rowCount } = await client.query({
    name: 'renew-lease',
    text: 'update run set lease_until = now() + make_interval(secs => $3) where id = $1 and lease_token = $2',
    values: [lease.runId, lease.token, leaseSeconds],
  })
  if (rowCount === 1) lease.sure.untilMs = sureSince(askedAtMs)
  return rowCount === 1
}

/**
 * Whether the run is still ours, stopped or not. Takes no lock, so that results are noted while the next intents are written; whoever
 * takes the run over settles each intent without results, and results change none that is settled.
 */
export async function holdsLease(client: Pool | PoolClient, lease: Lease): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'holds-lease',
    text: 'select from run where id = $1 and lease_token = $2',
    values: [lease.runId, lease.token],
  })
  return rowCount === 1
}

interface Progress {
  readonly state: string
  readonly next_ordinal: number
  readonly letters: number
  readonly canary: number
  readonly verdict: string | null
  readonly judged_from: number
  readonly budget: number | null
  readonly pace: number
  readonly ramp_from: number
  readonly ramp_seconds: number
  readonly ramped_seconds: number | null
  readonly due_in_ms: number
}

async function lockProgress(client: PoolClient, lease: Lease): Promise<Progress | null> {
  const { rows } = await client.query<Progress>({
    name: 'lock-progress',
    text: `
      select run.state::text, next_ordinal, letters, canary, verdict::text, judged_from, (halt_rules ->> 'letters')::int as budget,
        pace, ramp_from, ramp_seconds, extract(epoch from now() - ramp_since)::float8 as ramped_seconds,
        case when paced_until < now() + interval '2 s' then extract(epoch from paced_until - now())::float8 * 1000 else 0 end as due_in_ms
      from run join plan on plan.id = run.plan_id where run.id = $1 and lease_token = $2 for update of run`,
    values: [lease.runId, lease.token],
  })
  return rows[0] ?? null
}

interface Range {
  readonly from: number
  readonly limit: number
  readonly pace: number
}

function nextRange(progress: Progress): Range | 'end' | 'judge' | 'stopped' {
  const { state, next_ordinal: from, letters, canary, verdict, judged_from, budget } = progress
  if (state !== 'running') return 'stopped'
  if (from >= letters) return 'end'
  const canaryLeft = from < canary ? canary - from : Number.POSITIVE_INFINITY
  if (canary > 0 && from >= canary && verdict === null) return 'judge'
  const budgetLeft = budget === null ? Number.POSITIVE_INFINITY : judged_from + budget - from
  if (budgetLeft <= 0) return 'judge'
  const ramp = { from: progress.ramp_from, to: progress.pace, seconds: progress.ramp_seconds }
  const pace = paceAfter(ramp, progress.ramped_seconds ?? 0)
  const paced = Math.min(maxBatch, Math.max(1, Math.floor(pace * batchSeconds)))
  return { from, limit: Math.min(paced, canaryLeft, budgetLeft), pace }
}

/**
 * As many letters as the limit and the bytes of a batch allow, at least one. A batch pays for at most a second, so what is paid for longer
 * is from a clock that went back, and nobody waits for it.
 */
async function intend(
  client: PoolClient,
  lease: Lease,
  next: Range & ClaimOptions,
): Promise<{ readonly upto: number; readonly isWithin: boolean }> {
  const { rows } = await client.query<{ upto: number; isWithin: boolean }>({
    name: 'intend',
    text: `
      with chosen as (
        select coalesce(max(ordinal) + 1, $4 + 1) as upto,
          coalesce(bool_and(place = any (array(select number from plan_place where plan_id = $3 and broker = any ($12::text[])))), false) as is_within
        from (
          select ordinal, place, sum(bytes) over (order by ordinal) - bytes as before
          from plan_letter where plan_id = $3 and ordinal >= $4 and ordinal < $4 + $5
        ) as letter where before < $6
      ), intended as (
        insert into intent (run_id, from_ordinal, to_ordinal, ends, sender, is_within) select $1, $4, upto, $10, $11, is_within from chosen
      )
      update run set next_ordinal = upto, lease_until = now() + make_interval(secs => $7),
        ramp_since = coalesce(ramp_since, case when $4 >= (select canary from plan where id = $3) then now() end),
        intended_at = now(),
        paced_until = greatest(now() - make_interval(secs => $9), case when paced_until < now() + interval '2 s' then paced_until end)
          + make_interval(secs => (upto - $4)::float8 / $8)
      from chosen where id = $1 and lease_token = $2
      returning upto, is_within as "isWithin"`,
    values: [
      lease.runId,
      lease.token,
      lease.planId,
      next.from,
      next.limit,
      maxBatchBytes,
      leaseSeconds,
      next.pace,
      batchSeconds,
      next.ends ?? null,
      lease.sender ?? null,
      next.within ?? [],
    ],
  })
  return rows[0] ?? { upto: next.from, isWithin: false }
}
