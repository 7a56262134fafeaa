import type pg from 'pg'
import { storableText } from './copy-binary.ts'
import type { PlacedReport } from './traffic.ts'

/** The newest of each queue that are kept. */
export const mostSamplesOfQueue = 10_000

/** Keeps what reports tell of single messages, at the time of the report or now, whichever is earlier. */
export async function insertSamples(client: pg.PoolClient, reports: readonly PlacedReport[]): Promise<void> {
  const rows = reports.flatMap(({ queueId, consumer, report: { samples, handled, toMs, worker } }) =>
    samples.map((sample) => ({
      ...{ queueId, consumer: storableText(consumer), at: new Date(toMs) },
      standsFor: Math.max(1, handled / samples.length),
      content: storableText(JSON.stringify({ ...worker, ...sample })),
    })),
  )
  if (rows.length === 0) return
  await client.query({
    name: 'insert-traffic-samples',
    text: `insert into traffic_sample (queue_id, consumer, at, stands_for, content)
           select queue_id, consumer, least(at, now()), stands_for, content
             from unnest($1::int[], $2::text[], $3::timestamptz[], $4::float8[], $5::text[]) as s (queue_id, consumer, at, stands_for, content)`,
    values: [
      rows.map(({ queueId }) => queueId),
      rows.map(({ consumer }) => consumer),
      rows.map(({ at }) => at),
      rows.map(({ standsFor }) => standsFor),
      rows.map(({ content }) => content),
    ],
  })
}
