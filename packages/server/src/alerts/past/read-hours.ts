import type { PoolClient } from 'pg'
import { historyAt } from '../growth/growth-conditions.ts'
import { fewestLetters } from '../growth/judge-growth.ts'
import { minuteMs, type Span } from './span.ts'
import { tooMuch } from './too-much.ts'

const hourMs = 3_600_000
const mostHours = 500_000

/** Letters of a cause that died in one hour, as their workers say. Hours are numbered since 1970. */
export interface PastHour {
  readonly queueId: number
  readonly cause: string
  readonly hour: number
  readonly letters: number
}

/**
 * What growth was measured by, of queues that had enough letters in some sixty minutes to be judged at all.
 * @throws REQUEST_INVALID for more than can be looked at
 */
export async function readHours(
  client: PoolClient,
  { spans, fromMs, toMs }: { readonly spans: readonly Span[]; readonly fromMs: number; readonly toMs: number },
): Promise<readonly PastHour[]> {
  const queues = busyQueues(spans, fromMs / minuteMs)
  if (queues.length === 0) return []
  const { rows } = await client.query<PastHour>(
    `select c.queue_id as "queueId", c.id as cause, (extract(epoch from h.hour) / 3600)::int as hour, h.letters::float8 as letters
       from cause c join cause_hour h on h.cause_id = c.id
      where c.queue_id = any($1::int[]) and h.hour >= $2 and h.hour < $3 limit $4`,
    [queues, new Date(historyAt(fromMs).from * hourMs), new Date(historyAt(toMs).end * hourMs), mostHours + 1],
  )
  if (rows.length > mostHours)
    throw tooMuch(`causes with letters in more than ${mostHours.toLocaleString('en-US')} hours`)
  return rows
}

/** Queues with enough letters in any sixty minutes that end after a minute. */
export function busyQueues(spans: readonly Span[], fromMinute: number): readonly number[] {
  const recent = spans.filter(({ came }) => came > fromMinute - 60).toSorted((a, b) => a.came - b.came)
  const queues = Map.groupBy(recent, ({ queueId }) => queueId)
  return [...queues].flatMap(([queueId, arrivals]) => {
    let first = 0
    let inHour = 0
    const isBusy = arrivals.some(({ came, letters }) => {
      inHour += letters
      for (let gone = arrivals[first]; gone !== undefined && gone.came <= came - 60; gone = arrivals[first]) {
        inHour -= gone.letters
        first += 1
      }
      return inHour >= fewestLetters
    })
    return isBusy ? [queueId] : []
  })
}
