import type { Pool, PoolClient } from 'pg'
import { type CapPolicy, shareOf } from '../config/index.ts'
import { type KeptOfQueue, keptOf } from '../store/queue-kept.ts'
import { readCaps } from './read-caps.ts'

/** How much a queue keeps, and may. */
export interface RoomView {
  readonly queue: string
  readonly letters: number
  readonly bytes: number
  readonly most: CapPolicy
  /** Of its cap, by letters or by bytes, whichever is more; 0 where it has none. */
  readonly share: number
  readonly fullSince: string | null
  /** Days until it has come to its cap, if as many come as in the last seven days and none end; `null`: it has, or has none, or none came. */
  readonly fullInDays: number | null
}

const paceDays = 7

/** Of queues that have a cap, by name; of one queue whether it has one or not. */
export async function showRoom(
  client: Pool | PoolClient,
  { most, queue = null }: { readonly most: CapPolicy; readonly queue?: string | null },
): Promise<readonly RoomView[]> {
  const caps = await readCaps(client, most)
  const kept = (await keptOf(client, { queue })).map((each) => ({ ...each, cap: caps(each.queue) }))
  const shown = kept.filter(({ cap }) => queue !== null || cap.letters !== null || cap.bytes !== null)
  const paces = await pacesOf(
    client,
    shown.map(({ queueId }) => queueId),
  )
  return shown.map((each) => {
    const share = shareOf(each, each.cap)
    return {
      queue: each.queue,
      letters: Math.max(0, each.letters),
      bytes: Math.max(0, each.bytes),
      most: each.cap,
      share,
      fullSince: share === 0 ? null : (each.fullSince?.toISOString() ?? null),
      fullInDays: fullInDays(each, paces.get(each.queueId) ?? 0),
    }
  })
}

/** Letters a day in the last seven, or since the first where that is less. */
async function pacesOf(client: Pool | PoolClient, queueIds: readonly number[]): Promise<ReadonlyMap<number, number>> {
  if (queueIds.length === 0) return new Map()
  const { rows } = await client.query<{ queueId: number; pace: number }>(
    `select c.queue_id as "queueId", (sum(h.letters) / greatest(1, least(${paceDays}, extract(epoch from now() - min(q.created_at)) / 86400)))::float8 as pace
       from cause_hour h join cause c on c.id = h.cause_id join queue q on q.id = c.queue_id
      where c.queue_id = any($1::int[]) and h.hour >= now() - make_interval(days => ${paceDays}) group by 1`,
    [queueIds],
  )
  return new Map(rows.map(({ queueId, pace }) => [queueId, pace]))
}

function fullInDays({ letters, bytes, cap }: KeptOfQueue & { readonly cap: CapPolicy }, pace: number): number | null {
  if (pace === 0 || letters <= 0) return null
  const ofLetters = cap.letters === null ? null : (cap.letters - letters) / pace
  const ofBytes = cap.bytes === null ? null : (cap.bytes - bytes) / (pace * Math.max(1, bytes / letters))
  const known = [ofLetters, ofBytes].filter((each) => each !== null)
  const days = Math.min(...known)
  return known.length === 0 || days <= 0 ? null : Math.floor(days * 10) / 10
}
