import type { PoolClient } from 'pg'
import type { CapsByQueue } from '../caps/index.ts'
import { shareOf } from '../config/index.ts'
import { addKept, setFull } from '../store/queue-kept.ts'
import type { Batch } from './batch.ts'

/** A queue of the batch takes no more letters. Nothing was written, and nothing of the batch may be acknowledged. */
export class QueueFull extends Error {
  override readonly name: string = 'QueueFull'
  readonly queueId: number

  constructor(queue: { readonly id: number; readonly name: string }) {
    super(`${queue.name} has come to its cap`)
    this.queueId = queue.id
  }
}

/**
 * Counts the letters of a batch, and refuses it when one of its queues had come to its cap before it: no queue is over its cap by more than one batch,
 * however many offices capture it. The last write of the batch, for it holds up whoever captures the same queue until the commit.
 * @param caps `null`: places that are read whatever their queues keep
 * @throws QueueFull
 */
export async function countWithinCaps(
  client: PoolClient,
  batch: Batch,
  { sourceId, caps }: { readonly sourceId: number; readonly caps: CapsByQueue | null },
): Promise<void> {
  const kept = await addKept(
    client,
    [...batch.queues].map(([queueId, { letters, bytes }]) => ({ queueId, sourceId, letters, bytes })),
  )
  if (caps === null) return
  const full: number[] = []
  for (const { queueId, letters, bytes, isFull } of kept) {
    const added = batch.queues.get(queueId)
    if (added === undefined) continue
    const cap = caps(added.name)
    if (cap.letters === null && cap.bytes === null) continue
    const before = { letters: letters - added.letters, bytes: bytes - added.bytes }
    if (isFull || shareOf(before, cap) >= 1) throw new QueueFull({ id: queueId, name: added.name })
    if (shareOf({ letters, bytes }, cap) >= 1) full.push(queueId)
  }
  await setFull(client, { full, free: [] })
}
