import { showCauseId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { addUp, type Result, type Results, resultJoin } from './results.ts'
import { type PlanView, type RunView, showPlan, showRun } from './show.ts'

/** A run's receipt: who wanted what, what was done and what became of it. */
export interface RunReport {
  readonly run: RunView
  readonly plan: PlanView
  /** From the audit trail, oldest first; the first 200. */
  readonly events: readonly {
    readonly at: string
    readonly actor: string
    readonly action: string
    readonly reason: string | null
    readonly rule: string | null
  }[]
  /** From its start to the last send and to the last outcome known; `null` while there is none. */
  readonly seconds: { readonly sending: number | null; readonly outcomes: number | null }
  /** The largest, at most 50; `null`: all others together. */
  readonly causes: readonly {
    readonly cause: string | null
    readonly title: string | null
    readonly results: Results
  }[]
  readonly destinations: readonly { readonly broker: string; readonly place: string; readonly results: Results }[]
}

/** @param id UUID of a run. @throws NOT_FOUND */
export async function reportOf(store: Store, id: string): Promise<RunReport> {
  const run = await showRun(store, id)
  const { rows: found } = await store.pool.query<{ plan_id: string }>('select plan_id from run where id = $1', [id])
  const planId = found[0]?.plan_id ?? id
  const plan = await showPlan(store, planId)
  const { rows: groups } = await store.pool.query<Group>(
    `select l.cause_id, p.place as number, coalesce(r.result, 'waiting') as result, count(*)::int as letters
     from plan_letter p join letter_ever l on l.id = p.letter_id ${resultJoin.replace('RUN', '$1')}
     where p.plan_id = $2 group by 1, 2, 3`,
    [id, planId],
  )
  return {
    run,
    plan,
    events: await eventsOf(store, run),
    seconds: await secondsOf(store, id),
    causes: await causesOf(store, groups),
    destinations: await destinationsOf(store, planId, groups),
  }
}

interface Group {
  readonly cause_id: string
  readonly number: number
  readonly result: Result
  readonly letters: number
}

const maxCauses = 50

async function eventsOf(store: Store, { id, plan }: RunView): Promise<RunReport['events']> {
  const { rows } = await store.pool.query(
    `select at, actor, action, reason, coalesce(details ->> 'rule', details ->> 'despite') as rule from audit
     where target in ($1, $2) order by audit.id limit 200`,
    [id, plan],
  )
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }))
}

async function secondsOf(store: Store, id: string): Promise<RunReport['seconds']> {
  const { rows } = await store.pool.query<{ sending: number | null; outcomes: number | null }>(
    `select extract(epoch from (select max(noted_at) from intent where run_id = $1) - started_at)::float8 as sending,
       extract(epoch from (select max(at) from evidence where run_id = $1) - started_at)::float8 as outcomes
     from run where id = $1`,
    [id],
  )
  return rows[0] ?? { sending: null, outcomes: null }
}

async function causesOf(store: Store, groups: readonly Group[]): Promise<RunReport['causes']> {
  const all = [...Map.groupBy(groups, ({ cause_id }) => cause_id)]
    .map(([cause, rows]) => ({ cause, rows, results: addUp(rows) }))
    .toSorted((a, b) => b.results.letters - a.results.letters)
  const shown = all.slice(0, maxCauses)
  const { rows: titles } = await store.pool.query<{ id: string; title: string }>(
    'select id, title from cause where id = any($1::bigint[])',
    [shown.map(({ cause }) => cause)],
  )
  const others = all.slice(maxCauses).flatMap(({ rows }) => rows)
  return [
    ...shown.map(({ cause, results }) => ({
      cause: showCauseId(cause),
      title: titles.find(({ id }) => id === cause)?.title ?? null,
      results,
    })),
    ...(others.length === 0 ? [] : [{ cause: null, title: null, results: addUp(others) }]),
  ]
}

async function destinationsOf(
  store: Store,
  planId: string,
  groups: readonly Group[],
): Promise<RunReport['destinations']> {
  const { rows } = await store.pool.query<{ number: number; broker: string; place: string }>(
    'select number, broker, place from plan_place where plan_id = $1 order by number',
    [planId],
  )
  return [...Map.groupBy(rows, ({ broker, place }) => JSON.stringify([broker, place])).values()].flatMap((same) => {
    const [first] = same
    if (first === undefined) return []
    const numbers = new Set(same.map(({ number }) => number))
    const { broker, place } = first
    return [{ broker, place, results: addUp(groups.filter((group) => numbers.has(group.number))) }]
  })
}
