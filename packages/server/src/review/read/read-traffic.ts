import type { PoolClient } from 'pg'
import { noFlow, type ReviewedTraffic } from '../review.ts'
import type { Span } from '../week.ts'
import type { QueueFlow } from './read-flows.ts'

/** Workers that report tell of every death: where they tell of less than this part of what was captured, they are not all, or it was not all the time. */
const leastTold = 0.5

/** Of the queues of which a worker reported in the span or in the one before it, by their ids. */
export async function readTraffic(
  client: PoolClient,
  { fromMs, toMs, flows }: Span & { readonly flows: readonly QueueFlow[] },
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
  const flowOf = new Map(flows.map((flow) => [flow.id, flow]))
  return new Map(
    rows.map(({ queue_id: id, ...row }) => {
      const { now, before } = flowOf.get(id) ?? { now: noFlow, before: noFlow }
      const [handled, died] = [Number(row.handled ?? 0), Number(row.died ?? 0)]
      const was = { handled: Number(row.handled_before ?? 0), died: Number(row.died_before ?? 0) }
      const deathShareBefore = shareOf({ ...was, captured: before.cameIn })
      return [id, { handled, died, deathShare: shareOf({ handled, died, captured: now.cameIn }), deathShareBefore }]
    }),
  )
}

function shareOf({
  handled,
  died,
  captured,
}: {
  readonly handled: number
  readonly died: number
  readonly captured: number
}): number | null {
  return died + handled === 0 || died < leastTold * captured ? null : died / (died + handled)
}
