import type { PlaceSpec } from '../../broker.ts'
import type { TopicSpec } from './driver.ts'

const laneRetentionMs = 30 * 24 * 3_600_000

/**
 * The topic for a place. What waits in a lane or is dead keeps the timestamp of its origin in the wire; in the topic it gets the broker's,
 * because Kafka removes by timestamp, and a copy of an old message would be gone before anybody saw it. Lanes are kept 30 days,
 * enough for a consumer that is down, without growing for ever; dead letters as long as the broker's default says.
 */
export function topicSpec({ place, role }: PlaceSpec, partitionsLike: number | null): TopicSpec {
  const arrival = { 'message.timestamp.type': 'LogAppendTime' }
  const configs =
    role === 'lane'
      ? { ...arrival, 'retention.ms': String(laneRetentionMs), 'cleanup.policy': 'delete' }
      : role === 'dead-letter'
        ? arrival
        : {}
  return { topic: place, partitions: partitionsLike ?? -1, configs }
}
