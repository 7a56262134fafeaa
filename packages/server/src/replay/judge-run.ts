import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { showRunId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import type { Lease } from './claim.ts'
import { type HaltRules, recentOutcomes } from './control.ts'
import { brokenRule, type CanaryOutcomes, judgeCanary, type Signs } from './judge.ts'

/** What judging a run led to. */
export type Judged =
  | { readonly kind: 'goes-on' | 'waits' }
  | { readonly kind: 'passed'; readonly why: string }
  | { readonly kind: 'stopped'; readonly state: 'halted' | 'paused'; readonly why: string }

interface Row {
  readonly state: string
  readonly verdict: string | null
  readonly next_ordinal: number
  readonly canary: number
  readonly letters: number
  readonly verdict_seconds: number
  readonly canary_seconds: number
  readonly halt_rules: HaltRules
  readonly judged_since: string
  readonly judged_from: number
  readonly seconds: number
}

/**
 * Judges a run by what became of its letters, not by whether they were sent: a canary that is out, else the halt rules. Stops it where
 * they say so. Whoever holds the run calls it, between batches; what it decides is in the database before anything more is sent.
 */
export function judgeRun(store: Store, lease: Lease): Promise<Judged> {
  return store.transaction(async (client) => {
    const { rows } = await client.query<Row>({
      name: 'judge-run',
      text: `
        select run.state::text, verdict::text, next_ordinal, canary, letters, verdict_seconds, halt_rules, judged_since::text, judged_from,
          extract(epoch from now() - intended_at)::float8 as canary_seconds, extract(epoch from now() - judged_since)::float8 as seconds
        from run join plan on plan.id = run.plan_id where run.id = $1 and lease_token = $2 for no key update of run`,
      values: [lease.runId, lease.token],
    })
    const run = rows[0]
    // Who lost it, or found it stopped, hears of it at the next claim.
    if (run === undefined || run.state !== 'running') return { kind: 'goes-on' }
    const isCanaryOut = run.canary > 0 && run.next_ordinal >= run.canary && run.verdict === null
    return isCanaryOut ? judgeTheCanary(client, lease, run) : judgeByRules(client, lease, run)
  })
}

async function judgeTheCanary(client: PoolClient, lease: Lease, run: Row): Promise<Judged> {
  const { rows } = await client.query<Pick<CanaryOutcomes, 'confirmed' | 'returned' | 'doubted' | 'lookedFor'>>(
    `select coalesce(sum(confirmed), 0)::int as confirmed, coalesce(sum(returned), 0)::int as returned,
       coalesce(sum(not_sent + case when look_at is null then uncertain else 0 end), 0)::int as doubted,
       coalesce(sum(uncertain) filter (where look_at is not null), 0)::int as "lookedFor"
     from intent where run_id = $1 and from_ordinal < $2`,
    [lease.runId, run.canary],
  )
  const counts = rows[0] ?? { confirmed: 0, returned: 0, doubted: 0, lookedFor: 0 }
  const verdict = judgeCanary(
    { letters: run.canary, waitedSeconds: run.canary_seconds, ...counts },
    run.verdict_seconds,
  )
  if (verdict === null) return { kind: 'waits' }
  await client.query('update run set verdict = $2 where id = $1', [lease.runId, verdict.verdict])
  if (verdict.verdict === 'pass') {
    await recordAudit(client, {
      actor: 'redrive',
      action: 'run.canary-passed',
      target: showRunId(lease.runId),
      reason: verdict.why,
    })
    return { kind: 'passed', why: verdict.why }
  }
  return verdict.verdict === 'fail'
    ? stop(client, lease, { state: 'halted', rule: 'canary', why: verdict.why })
    : stop(client, lease, { state: 'paused', rule: 'verdict', why: verdict.why })
}

async function judgeByRules(client: PoolClient, lease: Lease, run: Row): Promise<Judged> {
  const broken = brokenRule(run.halt_rules, await signsOf(client, lease, run))
  return broken === null ? { kind: 'goes-on' } : stop(client, lease, { state: 'halted', ...broken })
}

async function stop(
  client: PoolClient,
  lease: Lease,
  end: { readonly state: 'halted' | 'paused'; readonly rule: string; readonly why: string },
): Promise<Judged> {
  await client.query('update run set state = $2, rule = $3, problem = $4 where id = $1', [
    lease.runId,
    end.state,
    end.rule,
    end.why,
  ])
  await recordAudit(client, {
    actor: 'redrive',
    action: end.state === 'halted' ? 'run.halt' : 'run.pause',
    target: showRunId(lease.runId),
    reason: end.why,
    details: { rule: end.rule },
  })
  return { kind: 'stopped', state: end.state, why: end.why }
}

async function signsOf(client: PoolClient, lease: Lease, run: Row): Promise<Signs> {
  const outcomes = await client.query<{
    outcome: 'confirmed' | 'returned'
    cause: 'same' | 'other' | 'new' | null
    title: string
  }>(
    // By when its first letter was captured: when that failed is only what a worker's clock says.
    `select e.outcome, cause.title,
       case when uuid_extract_timestamp(cause.first_letter) >= run.judged_since then 'new'
            when now_dead.cause_id = was_dead.cause_id then 'same'
            when cause.id is not null then 'other' end as cause
     from (select * from evidence where run_id = $1 and at > $2::timestamptz order by at desc limit ${recentOutcomes}) e
     join run on run.id = e.run_id
     left join plan_letter p on e.outcome = 'returned' and p.plan_id = run.plan_id and p.ordinal = e.ordinal
     left join letter was_dead on was_dead.id = p.letter_id
     left join letter now_dead on now_dead.id = e.returned_letter
     left join cause on cause.id = now_dead.cause_id
     order by e.at desc`,
    [lease.runId, run.judged_since],
  )
  const sends = await client.query<{ results: Buffer; reason: string | null }>(
    `select results, coalesce((select value from jsonb_each_text(reasons) order by key::int desc limit 1), problem) as reason
     from intent where run_id = $1 and from_ordinal >= $2 and noted_at is not null order by from_ordinal desc limit 200`,
    [lease.runId, run.judged_from],
  )
  const waiting = await client.query<{ seconds: number | null }>(
    `select extract(epoch from now() - min(intended_at))::float8 as seconds from intent
     where run_id = $1 and closed_at is null and noted_at is not null and sent > confirmed + returned and intended_at > $2::timestamptz`,
    [lease.runId, run.judged_since],
  )
  return {
    outcomes: outcomes.rows,
    newCause: outcomes.rows.find(({ cause }) => cause === 'new')?.title ?? null,
    ...notSentInARow(sends.rows),
    oldestWaitingSeconds: outcomes.rows.length === 0 ? null : (waiting.rows[0]?.seconds ?? null),
    sent: run.next_ordinal - run.judged_from,
    seconds: run.seconds,
  }
}

const sentByte = 's'.charCodeAt(0)

function notSentInARow(
  newestFirst: readonly { readonly results: Buffer; readonly reason: string | null }[],
): Pick<Signs, 'notSentInARow' | 'lastRefusal'> {
  let row = 0
  for (const { results } of newestFirst) {
    const lastSent = results.lastIndexOf(sentByte)
    row += results.length - 1 - lastSent
    if (lastSent >= 0) break
  }
  return { notSentInARow: row, lastRefusal: row === 0 ? null : (newestFirst[0]?.reason ?? null) }
}
