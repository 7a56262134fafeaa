import type { PoolClient } from 'pg'
import type { Condition } from '../alert.ts'
import { oneLine } from '../conditions/one-line.ts'
import { about } from '../conditions/queue-conditions.ts'
import { limitsOf, type PlacedLimit } from '../policy/index.ts'
import type { CauseMinutes } from './count-minutes.ts'
import { type Arrivals, fewestLetters, judgeGrowth } from './judge-growth.ts'

const minuteMs = 60_000
const hourMs = 3_600_000
const historyHours = 28 * 24
/** What came before is no growth of now; so long somebody knows of the letters of a cause whose alert has ended. */
export const countedMs = hourMs

/**
 * Queues whose letters come much faster than they used to. Letters of causes of which somebody is told already do not count: that they come is no news.
 * @param told causes with an alert that is not over, or has been for less than `countedMs`
 */
export async function growthConditions(
  client: PoolClient,
  counted: readonly CauseMinutes[],
  look: { readonly told: ReadonlySet<string>; readonly limits: readonly PlacedLimit[]; readonly nowMs: number },
): Promise<readonly Condition[]> {
  const { told, limits, nowMs } = look
  const conditions: Condition[] = []
  for (const { queueId, minutes } of newsByQueue(counted, look)) {
    const { queue, hours } = await historyOf(client, { queueId, told, nowMs })
    const condition = queue === null ? null : growthOf(queue, { minutes, hours, limits })
    if (condition !== null) conditions.push(condition)
  }
  return conditions
}

/** Letters of each of the last sixty minutes of causes that nobody is told of, for each queue that has enough of them to be judged. */
export function newsByQueue(
  counted: readonly CauseMinutes[],
  { told, nowMs }: { readonly told: ReadonlySet<string>; readonly nowMs: number },
): readonly { readonly queueId: number; readonly minutes: readonly number[] }[] {
  const minute = Math.floor(nowMs / minuteMs)
  const news = counted.filter(({ causeId }) => !told.has(causeId))
  return [...Map.groupBy(news, (each) => each.queueId)].flatMap(([queueId, causes]) => {
    const minutes = Array.from({ length: 60 }, (_, at) =>
      causes.reduce((sum, { letters }) => sum + (letters.get(minute - 59 + at) ?? 0), 0),
    )
    return minutes.reduce((sum, each) => sum + each, 0) < fewestLetters ? [] : [{ queueId, minutes }]
  })
}

export function growthOf(
  queue: Queue,
  { limits, ...arrivals }: Arrivals & { readonly limits: readonly PlacedLimit[] },
): Condition | null {
  const growth = limitsOf(queue.name, null, limits).growth ? judgeGrowth(arrivals) : null
  return growth === null ? null : conditionOf(queue, growth)
}

/** Numbers of the hours since 1970 that what comes now is compared with, the last one excluded: it is partly in the last sixty minutes. */
export function historyAt(nowMs: number): { readonly from: number; readonly end: number } {
  const end = Math.floor(nowMs / hourMs) - 1
  return { from: end - historyHours, end }
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
  const { from, end } = historyAt(nowMs)
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
    values: [queueId, [...told], new Date(from * hourMs), new Date(end * hourMs)],
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

function conditionOf(queue: Queue, { came, minutes, limit }: NonNullable<ReturnType<typeof judgeGrowth>>): Condition {
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
