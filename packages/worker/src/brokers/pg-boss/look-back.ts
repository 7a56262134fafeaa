import type { Ends, ReplaySearch, ReplaysFound } from '../../broker.ts'
import type { QueueLike } from './client.ts'

/** A job is looked up by its id, so that the only position is the time: a job that ended long enough ago is deleted. */
const only = '0'
/** pg-boss deletes by its own clock and in its own rhythm; this much earlier nothing is deleted yet. */
const marginMs = 60_000

export function endsOf(nowMs: number, queue: QueueLike): Ends {
  const madeAt = queue.createdOn?.getTime()
  return { positions: { [only]: String(nowMs) }, ...(madeAt === undefined ? {} : { identity: String(madeAt) }) }
}

export function foundAmong(
  now: {
    readonly place: string
    readonly queue: QueueLike | null
    readonly nowMs: number
    readonly ids: readonly string[]
  },
  { since, replayIds }: ReplaySearch,
): ReplaysFound {
  const { place, queue, nowMs, ids } = now
  const found = new Map(ids.map((id) => [id, null]))
  if (found.size === replayIds.size) return { found, gap: null }
  const final = (why: string): ReplaysFound => ({ found, gap: { why, isFinal: true } })
  if (queue === null) return final(`the queue ${place} is gone`)
  const madeAt = queue.createdOn?.getTime()
  if (since.identity !== undefined && madeAt !== undefined && String(madeAt) !== since.identity)
    return final(`the queue ${place} was removed and made anew`)
  const keptMs = Math.min(secondsOf(queue.deleteAfterSeconds), secondsOf(queue.retentionSeconds)) * 1_000
  if (nowMs - Number(since.positions[only] ?? 0) > keptMs - marginMs)
    return final(`jobs of ${place} that ended since the send may have been deleted already`)
  return { found, gap: null }
}

function secondsOf(seconds: number | undefined): number {
  return seconds === undefined || seconds === 0 ? Number.POSITIVE_INFINITY : seconds
}
