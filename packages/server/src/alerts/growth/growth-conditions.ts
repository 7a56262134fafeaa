import type { PoolClient } from 'pg'
import type { Condition } from '../alert.ts'
import { oneLine } from '../conditions/one-line.ts'
import { about } from '../conditions/queue-conditions.ts'
import { limitsOf, type PlacedLimit } from '../policy/index.ts'
import type { CauseMinutes } from './count-minutes.ts'
import { fewestLetters, judgeGrowth } from './judge-growth.ts'

const minuteMs = 60_000
const hourMs = 3_600_000
const historyHours = 28 * 24

/**
 * Queues whose letters come much faster than they used to. Letters of causes of which somebody is told already do not count: that they come is no news.
 * @param told causes with an alert that is not over
 */
export async function growthConditions(
  client: PoolClient,
  counted: readonly CauseMinutes[],
  look: { readonly told: ReadonlySet<string>; readonly limits: readonly PlacedLimit[]; readonly nowMs: number },
): Promise<readonly Condition[]> {
  const { told, limits, nowMs } = look
  const minute = Math.floor(nowMs / minuteMs)
  const conditions: Condition[] = []
  const news = counted.filter(({ causeId }) => !told.has(causeId))
  for (const [queueId, causes] of Map.groupBy(news, (each) => each.queueId)) {
    const minutes = Array.from({ length: 60 }, (_, at) =>
      causes.reduce((sum, { letters }) => sum + (letters.get(minute - 59 + at) ?? 0), 0),
    )
    if (minutes.reduce((sum, each) => sum + each, 0) < fewestLetters) continue
    const { queue, hours } = await historyOf(client, { queueId, told, nowMs })
    const growth = queue !== null && limitsOf(queue.name, null, limits).growth ? judgeGrowth({ minutes, hours }) : null
    if (queue !== null && growth !== null) conditions.push(conditionOf(queue, growth))
  }
  return conditions
}

interface Queue {
  readonly name: string
  readonly owner: string | null
  readonly runbook: string | null
}

/** By when letters died, as their workers say: that is kept by hours. */
async function historyOf(
  client: PoolClient,
  { queueId, told, nowMs }: { readonly queueId: number; readonly told: ReadonlySet<string>; readonly nowMs: number },
): Promise<{ readonly queue: Queue | null; readonly hours: readonly number[] }> {
  // The hour before the current one is partly in the last sixty minutes.
  const end = Math.floor(nowMs / hourMs) - 1
  const { rows } = await client.query<Queue & { hours: Readonly<Record<string, number>> | null }>({
    name: 'history-of-queue',
    text: `
      select q.name,
             (select value from queue_says where queue = q.name and field = 'owner') as owner,
             (select value from queue_says where queue = q.name and field = 'runbook') as runbook,
             (select jsonb_object_agg(hour, letters) from (
                select extract(epoch from h.hour)::bigint / 3600 as hour, sum(h.letters) as letters
                  from cause c join cause_hour h on h.cause_id = c.id
                 where c.queue_id = q.id and c.id <> all($2::bigint[]) and h.hour >= $3 and h.hour < $4 group by 1) each) as hours
        from queue q where q.id = $1`,
    values: [queueId, [...told], new Date((end - historyHours) * hourMs), new Date(end * hourMs)],
  })
  const [row] = rows
  if (row === undefined) return { queue: null, hours: [] }
  const { hours: byHour, ...queue } = row
  return { queue, hours: hoursFrom(byHour ?? {}, end) }
}

/** One number an hour from the first that has any. @param end the hour after the last */
export function hoursFrom(letters: Readonly<Record<string, number>>, end: number): readonly number[] {
  const first = Math.min(end, ...Object.keys(letters).map(Number))
  return Array.from({ length: end - first }, (_, at) => Number(letters[String(first + at)] ?? 0))
}

export function conditionOf(
  queue: Queue,
  { came, minutes, limit }: NonNullable<ReturnType<typeof judgeGrowth>>,
): Condition {
  const much = `${came.toLocaleString('en-US')} letters of known causes in ${minutes} min`
  return {
    ...about(
      queue,
      'growth',
      `GROWTH ${oneLine(queue.name, 60)}: ${much}, at most ${limit.toLocaleString('en-US')} an hour are usual`,
    ),
    subject: `growth/${queue.name}`,
    facts: [
      { name: `last ${minutes} minutes`, value: came.toLocaleString('en-US') },
      { name: 'usual in an hour', value: `at most ${limit.toLocaleString('en-US')}` },
    ],
  }
}
