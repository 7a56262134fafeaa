import { RedriveError } from '@redrive/worker'
import { storableJson } from '../store/copy-binary.ts'
import type { Store } from '../store/store.ts'
import { buildReview } from './build-review.ts'
import type { OfficeFacts } from './judge-queues.ts'
import type { Review, ReviewedRun } from './review.ts'
import { lastWeekAt, type Span, weekSpan } from './week.ts'

const dayMs = 86_400_000
const spanMs = 7 * dayMs
/** Clocks of offices differ by less: what was made later than that was made by one that was ahead, of a time that was not over. */
const aheadMs = 5 * 60_000

/**
 * The review of a week, or of the seven days before now. That of a week that is over is made once and kept: it stays as it was read first, unless the clock it was made by was ahead.
 * @param week as `2026-W47`, or `last`
 * @throws REQUEST_INVALID (no such week, or it has not begun)
 */
export async function reviewOf(
  store: Store,
  {
    week: asked,
    zone,
    nowMs,
    ...facts
  }: OfficeFacts & { readonly week: string | null; readonly zone: string; readonly nowMs: number },
): Promise<Review> {
  const week = asked === 'last' ? lastWeekAt(nowMs, zone) : asked
  const make = (span: Span): Promise<Review> =>
    store.transaction(
      async (client) => {
        // A week of a large store is read in one go.
        await client.query(`set local statement_timeout to '5min'`)
        return buildReview(client, { ...facts, span, week, zone, nowMs })
      },
      { isolation: 'repeatable read', readOnly: true },
    )
  if (week === null) return make({ fromMs: nowMs - spanMs, toMs: nowMs })
  const span = weekSpan(week, zone)
  if (span === null)
    throw new RedriveError('REQUEST_INVALID', `There is no week ${week.slice(0, 40)}.`, {
      hint: 'Write it as 2026-W47, as the calendar numbers weeks that begin on Monday.',
    })
  if (span.fromMs > nowMs)
    throw new RedriveError('REQUEST_INVALID', `The week ${week} has not begun.`, {
      hint: 'Without a week the review is of the last seven days.',
    })
  if (span.toMs > nowMs) return make({ ...span, toMs: nowMs })
  return (await kept(store, { week, zone, nowMs })) ?? keep(store, await make(span), { ...span, nowMs })
}

/**
 * Takes out what was made by a clock that was ahead, so that it is made anew when its week is over. What was sent before somebody put the clock right by less
 * than a day stays: two offices whose clocks differ so much would send it again and again.
 */
export async function forgetWhatIsAhead(store: Store, nowMs: number): Promise<void> {
  await store.pool.query('delete from review where made_at > $1 and (sent_at is null or made_at > $2)', [
    new Date(nowMs + aheadMs),
    new Date(nowMs + dayMs),
  ])
}

/** Of those weeks, the ones that nobody was sent. */
export async function unsentOf(store: Store, weeks: readonly string[]): Promise<readonly string[]> {
  const { rows } = await store.pool.query<{ week: string }>(
    `select week from unnest($1::text[]) with ordinality as w (week, place)
      where not exists (select from review r where r.week = w.week and r.sent_at is not null) order by place`,
    [weeks],
  )
  return rows.map(({ week }) => week)
}

/** Before its first source an office has nothing to say. */
export async function hasBegunBefore(store: Store, ms: number): Promise<boolean> {
  const { rows } = await store.pool.query<{ has: boolean }>(
    'select exists (select from source where created_at < $1) as has',
    [new Date(ms)],
  )
  return rows[0]?.has === true
}

export interface KeptReview {
  readonly week: string
  /** Whose week it was. */
  readonly zone: string
  readonly madeAt: string
  /** When it was written down for those who get it; `null`: to nobody so far. */
  readonly sentAt: string | null
  readonly headline: string
}

/** Weeks of which a review is kept, the newest first. */
export async function listReviews(store: Store): Promise<readonly KeptReview[]> {
  const { rows } = await store.pool.query<{
    week: string
    zone: string
    made_at: Date
    sent_at: Date | null
    headline: string
  }>(
    `select week, content ->> 'zone' as zone, made_at, sent_at, content ->> 'headline' as headline from review order by week desc limit 500`,
  )
  return rows.map(({ week, zone, made_at, sent_at, headline }) => ({
    week,
    zone,
    madeAt: made_at.toISOString(),
    sentAt: sent_at?.toISOString() ?? null,
    headline,
  }))
}

type Kept = Omit<Review, 'automatic' | 'runs' | 'zoneNow'> & {
  readonly automatic?: Review['automatic']
  readonly runs: Omit<Review['runs'], 'halted' | 'ofPeople' | 'shown'> &
    Partial<Pick<Review['runs'], 'halted' | 'ofPeople'>> & {
      readonly shown: readonly (Omit<ReviewedRun, 'haltedWhy'> & Partial<Pick<ReviewedRun, 'haltedWhy'>>)[]
    }
}

/** @param zone whose weeks are reviewed now */
async function kept(
  store: Store,
  { week, zone, nowMs }: { readonly week: string; readonly zone: string; readonly nowMs: number },
): Promise<Review | null> {
  const { rows } = await store.pool.query<{ content: Kept }>(
    'select content from review where week = $1 and made_at <= $2',
    [week, new Date(nowMs + aheadMs)],
  )
  const [row] = rows
  if (row === undefined) return null
  const { runs, automatic = { count: 0, shown: [] }, ...content } = row.content
  // Those that were kept before runs were told by what they did, or before there were policies.
  return {
    ...content,
    zoneNow: content.zone === zone ? null : zone,
    automatic,
    runs: {
      halted: 0,
      ofPeople: runs.count,
      ...runs,
      shown: runs.shown.map((run) => ({ haltedWhy: null, ...run })),
    },
  }
}

/** @returns what another office kept meanwhile, if one did */
async function keep(
  store: Store,
  review: Review,
  { toMs, nowMs }: { readonly toMs: number; readonly nowMs: number },
): Promise<Review> {
  if (review.week === null || !(await hasBegunBefore(store, toMs))) return review
  const { rowCount } = await store.pool.query(
    `insert into review (week, made_at, content) values ($1, $2, $3)
     on conflict (week) do update set made_at = excluded.made_at, content = excluded.content where review.made_at > $4`,
    [review.week, review.madeAt, storableJson(review), new Date(nowMs + aheadMs)],
  )
  return rowCount === 1 ? review : ((await kept(store, { week: review.week, zone: review.zone, nowMs })) ?? review)
}
