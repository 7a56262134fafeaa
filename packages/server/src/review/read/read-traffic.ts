import type { PoolClient } from 'pg'
import type { ReviewedTraffic } from '../review.ts'
import type { Span } from '../week.ts'

/** Of the queues of which a worker reported in the span or in the one before it, by their ids. */
export async function readTraffic(
  client: PoolClient,
  { fromMs, toMs }: Span,
): Promise<ReadonlyMap<number, ReviewedTraffic>> {
  const { rows } = await client.query<{
    queue_id: number
    handled: string | null
    died: string | null
    handled_before: string | null
    died_before: string | null
  }>(
    `select queue_id, sum(handled) filter (where at >= $2) as handled, sum(died) filter (where at >= $2) as died,
            sum(handled) filter (where at < $2) as handled_before, sum(died) filter (where at < $2) as died_before
       from traffic where at >= $1 and at < $3 group by 1`,
    [new Date(2 * fromMs - toMs), new Date(fromMs), new Date(toMs)],
  )
  return new Map(
    rows.map((row) => {
      const [handled, died] = [Number(row.handled ?? 0), Number(row.died ?? 0)]
      const before = { handled: Number(row.handled_before ?? 0), died: Number(row.died_before ?? 0) }
      const deathShareBefore = shareOf(before.died, before.handled)
      return [row.queue_id, { handled, died, deathShare: shareOf(died, handled), deathShareBefore }]
    }),
  )
}

function shareOf(died: number, handled: number): number | null {
  return died + handled === 0 ? null : died / (died + handled)
}
