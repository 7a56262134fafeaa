import type { PoolClient } from 'pg'
import { firstUuidAt } from '../../store/uuid.ts'

const minuteMs = 60_000
const kept = 60
/** Letters may be committed some time after they got their ids; these minutes are counted again. */
const again = 2

/** Letters of a cause by minute. */
export interface CauseMinutes {
  readonly queueId: number
  readonly causeId: string
  /** Number of the minute since 1970 → letters captured in it. */
  readonly letters: Map<number, number>
}

/** Counts what was captured by cause and minute: once for the last hour, and then what came since. */
export function minuteCounter(): (client: PoolClient, nowMs: number) => Promise<readonly CauseMinutes[]> {
  const causes = new Map<string, CauseMinutes>()
  let countedTo: number | null = null
  return async (client, nowMs) => {
    const minute = Math.floor(nowMs / minuteMs)
    const from = Math.max(minute - kept + 1, countedTo === null || countedTo > minute ? 0 : countedTo - again)
    const { rows } = await client.query<{ queue_id: number; cause_id: string; minute: number; letters: number }>({
      name: 'count-minutes',
      text: `select queue_id, cause_id, floor(extract(epoch from uuid_extract_timestamp(id)) / 60)::int as minute, count(*)::int as letters
               from letter where id >= $1 group by 1, 2, 3`,
      values: [firstUuidAt(from * minuteMs)],
    })
    for (const { letters } of causes.values())
      for (const each of letters.keys()) if (each >= from || each <= minute - kept) letters.delete(each)
    for (const row of rows) {
      const cause = causes.get(row.cause_id) ?? { queueId: row.queue_id, causeId: row.cause_id, letters: new Map() }
      causes.set(row.cause_id, cause)
      cause.letters.set(row.minute, row.letters)
    }
    for (const [id, { letters }] of causes) if (letters.size === 0) causes.delete(id)
    countedTo = minute
    return [...causes.values()]
  }
}
