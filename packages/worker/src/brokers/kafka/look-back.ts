import type { Ends, ReplaySearch, ReplaysFound } from '../../broker.ts'
import { RedriveError } from '../../errors.ts'
import { wireHeader } from '../../wire.ts'
import { decodeWire } from '../../wire-codec.ts'
import type { LookBackDriver, TopicExtent } from './driver.ts'
import type { FetchedRecord } from './fetched-records.ts'

/** @throws PLACE_MISSING */
export async function endsOf(client: LookBackDriver, topic: string): Promise<Ends> {
  const extent = await client.extent(topic)
  if (extent === null) throw new RedriveError('PLACE_MISSING', `topic ${topic} does not exist`)
  const positions = Object.fromEntries([...extent.partitions].map(([partition, { end }]) => [partition, String(end)]))
  return { positions, ...(extent.identity === null ? {} : { identity: extent.identity }) }
}

/**
 * Reads what each partition got since the noted ends. What is not there is only called absent when nothing in between can have been
 * removed, and when no replica is missing: then the leader may hold records that it does not show yet.
 */
export async function findInTopic(
  client: LookBackDriver,
  { topic, since, replayIds, signal }: ReplaySearch & { readonly topic: string },
): Promise<ReplaysFound> {
  const found = new Map<string, { readonly partition: string; readonly position: bigint }>()
  const extent = await client.extent(topic)
  if (extent === null) return { found, gap: final(`topic ${topic} is gone`) }
  if (isAnother(extent, since)) return { found, gap: final(`topic ${topic} was removed and made anew`) }
  let gap: ReplaysFound['gap'] = null
  for (const [partition, { first, end, isBehind }] of extent.partitions) {
    // A partition that was added since is read from its beginning.
    const noted = BigInt(since.positions[String(partition)] ?? '0')
    const from = noted < first ? first : noted
    if (noted < first)
      gap = final(`partition ${partition} of ${topic} has already dropped messages that came after the send`)
    if (isBehind && gap === null)
      gap = {
        why: `partition ${partition} of ${topic} lacks replicas: its leader may hold more than it shows`,
        isFinal: false,
      }
    if (end <= from) continue
    const onRecords = (records: readonly FetchedRecord[]): void => {
      for (const { offset, message } of records) {
        if (!message.headers.some(({ name }) => name === wireHeader)) continue
        const replayId = decodeWire(message.headers)?.wire.replayId
        if (replayId === null || replayId === undefined || !replayIds.has(replayId) || found.has(replayId)) continue
        found.set(replayId, { partition: String(partition), position: offset })
      }
    }
    const { hasHoles } = await client.read(
      { topic, partition, from, to: end },
      { onRecords, ...(signal === undefined ? {} : { signal }) },
    )
    if (hasHoles) gap = final(`partition ${partition} of ${topic} was compacted: messages are missing in between`)
    if (found.size === replayIds.size) return { found, gap: null }
  }
  return { found, gap }
}

function isAnother(extent: TopicExtent, since: Ends): boolean {
  if (extent.identity !== null && since.identity !== undefined) return extent.identity !== since.identity
  return Object.entries(since.positions).some(
    ([partition, noted]) => (extent.partitions.get(Number(partition))?.end ?? -1n) < BigInt(noted),
  )
}

function final(why: string): { readonly why: string; readonly isFinal: true } {
  return { why, isFinal: true }
}
