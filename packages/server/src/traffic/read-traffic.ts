import type pg from 'pg'

/** What workers said of a span of time. */
export interface TrafficOfSpan {
  readonly handled: number
  readonly retried: number
  readonly discarded: number
  readonly skipped: number
  readonly died: number
  /** Of what was handled or died, from 0 to 1; `null`: nothing was. */
  readonly deathShare: number | null
}

export interface TrafficOfQueue {
  /** To the minute; `null`: no worker ever reported, or none within eight weeks. */
  readonly lastReportAt: string | null
  /** The last sixty minutes; `null`: no worker reported in them, so that nothing is known. */
  readonly hour: TrafficOfSpan | null
  readonly day: TrafficOfSpan | null
  /** Who reported within the day, the latest first. */
  readonly consumers: readonly { readonly consumer: string; readonly lastReportAt: string }[]
}

const counted = ['handled', 'retried', 'discarded', 'skipped', 'died'] as const
const sums = (filter: string): string =>
  `jsonb_build_object(${counted.map((each) => `'${each}', sum(${each}) filter (where ${filter})`).join(', ')})`

/** Of all queues of which a worker reported within the hour, by name: the last sixty minutes. */
export async function trafficOfQueues(
  db: pg.Pool | pg.PoolClient,
  name: string | null = null,
): Promise<ReadonlyMap<string, TrafficOfSpan>> {
  const { rows } = await db.query<{ name: string; hour: Sums }>({
    name: 'traffic-of-queues',
    text: `select q.name, ${sums('true')} as hour from traffic t join queue q on q.id = t.queue_id
            where t.seconds = 60 and t.at > now() - interval '1 hour' and ($1::text is null or q.name = $1) group by 1`,
    values: [name],
  })
  return new Map(rows.map(({ name: queue, hour }) => [queue, spanOf(hour)]))
}

export async function trafficOfQueue(db: pg.Pool | pg.PoolClient, name: string): Promise<TrafficOfQueue> {
  const { rows } = await db.query<{ consumer: string; last: Date; isRecent: boolean; hour: Sums; day: Sums }>({
    name: 'traffic-of-queue',
    text: `
      select consumer, max(at) as last, max(at) > now() - interval '1 day' as "isRecent",
             ${sums(`seconds = 60 and at > now() - interval '1 hour'`)} as hour, ${sums(`seconds = 60 and at > now() - interval '1 day'`)} as day
        from traffic where queue_id = (select id from queue where name = $1) group by 1 order by 2 desc, 1`,
    values: [name],
  })
  const recent = rows.filter(({ isRecent }) => isRecent)
  return {
    lastReportAt: rows[0]?.last.toISOString() ?? null,
    hour: addUp(rows.map(({ hour }) => hour)),
    day: addUp(rows.map(({ day }) => day)),
    consumers: recent.map(({ consumer, last }) => ({ consumer, lastReportAt: last.toISOString() })),
  }
}

/** `null` where no row was. */
type Sums = Readonly<Record<(typeof counted)[number], number | null>>

function addUp(all: readonly Sums[]): TrafficOfSpan | null {
  const said = all.filter(({ handled }) => handled !== null)
  if (said.length === 0) return null
  const sumOf = (name: (typeof counted)[number]): number => said.reduce((sum, each) => sum + (each[name] ?? 0), 0)
  return spanOf({
    handled: sumOf('handled'),
    retried: sumOf('retried'),
    discarded: sumOf('discarded'),
    skipped: sumOf('skipped'),
    died: sumOf('died'),
  })
}

function spanOf({ handled, retried, discarded, skipped, died }: Sums): TrafficOfSpan {
  const [deaths, good] = [died ?? 0, handled ?? 0]
  return {
    handled: good,
    retried: retried ?? 0,
    discarded: discarded ?? 0,
    skipped: skipped ?? 0,
    died: deaths,
    deathShare: deaths + good === 0 ? null : deaths / (deaths + good),
  }
}
