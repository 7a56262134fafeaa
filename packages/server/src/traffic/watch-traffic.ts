import { type Clock, tiers } from '@redrive/worker'
import { repeated } from '../repeated.ts'
import type { Store } from '../store/store.ts'
import { oldestReportDays } from '../store/traffic.ts'
import { mostSamplesOfQueue } from '../store/traffic-samples.ts'

const minutesKeptDays = 2
const hoursKeptDays = 8 * 7
const everyMs = 600_000

const columns = ['reports', 'handled', 'retried', 'discarded', 'skipped', ...tiers.map((tier) => `died_${tier}`)]

/** Minutes become hours after two days, hours end after eight weeks, samples then or when 10,000 of their queue are newer; how many queues there are bounds what is kept. */
export async function endOldTraffic(store: Store): Promise<void> {
  await store.transaction(async (client) => {
    await client.query(`
      with moved as (
        delete from traffic where seconds = 60 and at < date_trunc('hour', now() - interval '${minutesKeptDays} days', 'UTC') returning *
      )
      insert into traffic (queue_id, consumer, seconds, at, ${columns.join(', ')})
      select queue_id, consumer, 3600, date_trunc('hour', at, 'UTC'), ${columns.map((each) => `sum(${each})`).join(', ')}
        from moved group by 1, 2, 4
      on conflict (queue_id, consumer, seconds, at) do update set ${columns.map((each) => `${each} = traffic.${each} + excluded.${each}`).join(', ')}`)
    await client.query(`delete from traffic where seconds = 3600 and at < now() - interval '${hoursKeptDays} days'`)
    await client.query(
      `delete from traffic_sample where at < now() - interval '${hoursKeptDays} days' or id in (
         select id from (select id, row_number() over (partition by queue_id order by at desc, id desc) as n from traffic_sample) s where n > $1)`,
      [mostSamplesOfQueue],
    )
    // A day longer than a report may be old: what is delivered again later is too old by itself.
    await client.query(`delete from traffic_report where received_at < now() - interval '${oldestReportDays + 1} days'`)
  })
}

/** Ends old traffic every ten minutes, until it is stopped. */
export function watchTraffic(
  store: Store,
  options: { readonly tell: (line: string) => void; readonly clock?: Clock },
): { stop(): Promise<void> } {
  const problem = 'old traffic could not be ended'
  return repeated(() => endOldTraffic(store), { ...options, firstMs: everyMs, everyMs, problem })
}
