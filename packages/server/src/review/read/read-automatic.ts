import type { PoolClient } from 'pg'
import type { Review, ReviewedAutomatic } from '../review.ts'
import type { Span } from '../week.ts'
import { runsInSpan, runsInSpanValues } from './runs-in-span.ts'

/** What policies did in the span, those that sent most first, with what became of the letters until now. */
export async function readAutomatic(
  client: PoolClient,
  { most, ...span }: Span & { readonly most: number },
): Promise<Review['automatic']> {
  const { rows } = await client.query<ReviewedAutomatic>(
    `select a.queue, a.tier::text, count(*)::int as runs,
       count(*) filter (where a.verdict = 'passed')::int as passed, count(*) filter (where a.verdict = 'failed')::int as failed,
       count(*) filter (where a.verdict = 'cancelled')::int as cancelled, coalesce(sum(i.sent), 0)::int as sent,
       coalesce(sum(i.confirmed), 0)::int as confirmed, coalesce(sum(i.returned), 0)::int as returned,
       exists (select from automatic_replay p where p.queue = a.queue and p.tier = a.tier and p.stopped_at is not null) as "isStopped"
     from automatic_run a join run r on r.id = a.run_id
       left join lateral (select sum(sent) as sent, sum(confirmed) as confirmed, sum(returned) as returned from intent where run_id = r.id) i on true
     where ${runsInSpan} group by a.queue, a.tier order by sent desc, 1, 2`,
    [...(await runsInSpanValues(client, span))],
  )
  return { count: rows.length, shown: rows.slice(0, most) }
}
