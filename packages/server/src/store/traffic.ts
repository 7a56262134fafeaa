import { type TrafficReport, tiers } from '@redrive/worker'
import type pg from 'pg'
import { storableText } from './copy-binary.ts'

/** Older reports are not counted: whether they were before is not known any more. */
export const oldestReportDays = 7

/** A report with the queue and the consumer it is counted for. */
export interface PlacedReport {
  readonly queueId: number
  readonly consumer: string
  readonly report: TrafficReport
}

const columns = ['reports', 'handled', 'retried', 'discarded', 'skipped', ...tiers.map((tier) => `died_${tier}`)]

/**
 * Counts reports in their minutes. One that was counted before, or is too old, does not count; one from the future counts now.
 * @returns those that were not there before
 */
export async function insertTraffic(
  client: pg.PoolClient,
  reports: readonly PlacedReport[],
): Promise<readonly PlacedReport[]> {
  const { rows } = await client.query<{ id: string }>({
    name: 'insert-traffic-reports',
    text: 'insert into traffic_report (id) select unnest($1::uuid[]) on conflict (id) do nothing returning id',
    values: [reports.map(({ report }) => report.id)],
  })
  const isNew = new Set(rows.map(({ id }) => id))
  const counted = reports.filter(({ report }) => isNew.delete(report.id))
  if (counted.length === 0) return []
  await client.query({
    name: 'insert-traffic',
    text: `
      insert into traffic (queue_id, consumer, seconds, at, ${columns.join(', ')})
      select queue_id, consumer, 60, date_trunc('minute', least(at, now()), 'UTC'), ${columns.map((each) => `sum(${each})`).join(', ')}
        from unnest($1::int[], $2::text[], $3::timestamptz[], ${columns.map((_, at) => `$${at + 4}::bigint[]`).join(', ')})
          as r (queue_id, consumer, at, ${columns.join(', ')})
       where at > now() - interval '${oldestReportDays} days'
       group by 1, 2, 4 order by 1, 2, 4
      on conflict (queue_id, consumer, seconds, at) do update set ${columns.map((each) => `${each} = traffic.${each} + excluded.${each}`).join(', ')}`,
    values: [
      counted.map(({ queueId }) => queueId),
      counted.map(({ consumer }) => storableText(consumer)),
      counted.map(({ report: { fromMs, toMs } }) => new Date((fromMs + toMs) / 2)),
      counted.map(() => 1),
      counted.map(({ report }) => report.handled),
      counted.map(({ report }) => report.retried),
      counted.map(({ report }) => report.discarded),
      counted.map(({ report }) => report.skipped),
      ...tiers.map((tier) => counted.map(({ report }) => report.died[tier] ?? 0)),
    ],
  })
  return counted
}
