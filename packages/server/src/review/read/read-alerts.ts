import type { PoolClient } from 'pg'
import { showAlertId } from '../../store/ids.ts'
import type { Found } from '../decide.ts'
import type { ReviewedAlerts } from '../review.ts'
import type { Span } from '../week.ts'

const weekMs = 7 * 86_400_000
/** A conversation in which so much was said is noise when nobody took it. */
const noisyFrom = 6

/** What was said to people in the span, how soon somebody took it, and all that nobody listens to. */
export async function readAlerts(
  client: PoolClient,
  { fromMs, toMs, nowMs }: Span & { readonly nowMs: number },
): Promise<Omit<ReviewedAlerts, 'noisy' | 'ignored'> & Found['alerts']> {
  const span = [new Date(fromMs), new Date(toMs)]
  const { rows: rules } = await client.query<{ rule: string; raised: number; taken: number }>(
    `select rule, count(*)::int as raised, count(acknowledged_at)::int as taken from alert
      where raised_at >= $1 and raised_at < $2 and urgency <> 'review' group by 1 order by 2 desc, 1`,
    span,
  )
  const { rows: times } = await client.query<{ take: number | null; end: number | null; notices: number }>(
    `select (percentile_cont(0.5) within group (order by extract(epoch from acknowledged_at - raised_at)) / 60)::float8 as take,
       (percentile_cont(0.5) within group (order by extract(epoch from resolved_at - raised_at)) / 60)::float8 as end,
       (select count(*)::int from notification where written_at >= $1 and written_at < $2 and change <> 'test') as notices
     from alert where raised_at >= $1 and raised_at < $2 and urgency <> 'review'`,
    span,
  )
  const { rows: noisy } = await client.query<{
    id: string
    rule: string
    title: string
    said: number
    is_over: boolean
  }>(
    `select id, rule, title, said, state = 'resolved' as is_over from alert
      where said >= $3 and acknowledged_at is null and said_at >= $1 and raised_at < $2 order by said desc, id`,
    [...span, noisyFrom],
  )
  const { rows: ignored } = await client.query<{ id: string; rule: string; title: string; raised_at: Date }>(
    `select id, rule, title, raised_at from alert where state = 'raised' and urgency <> 'review' and storm is null and raised_at < $1 order by raised_at, id`,
    [new Date(nowMs - weekMs)],
  )
  const { take, end, notices = 0 } = times[0] ?? {}
  return {
    raised: rules.reduce((sum, { raised }) => sum + raised, 0),
    notices,
    byRule: rules,
    minutesToTake: rounded(take),
    minutesToEnd: rounded(end),
    noisy: noisy.map(({ id, is_over: isOver, ...row }) => ({ id: showAlertId(id), ...row, isOver })),
    ignored: ignored.map(({ id, raised_at, ...row }) => ({
      id: showAlertId(id),
      ...row,
      raisedAt: raised_at.toISOString(),
    })),
  }
}

function rounded(minutes: number | null | undefined): number | null {
  return minutes === null || minutes === undefined ? null : Math.round(10 * minutes) / 10
}
