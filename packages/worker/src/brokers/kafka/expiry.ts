import type { Expiry, Keeping, Reader } from '../../broker.ts'
import { RedriveError } from '../../errors.ts'
import { legalName } from './describe.ts'
import type { ClientDriver } from './driver.ts'

const dayMs = 86_400_000
const wantedMs = 14 * dayMs
/** Each halves the uncertainty: of 7 days some 2 minutes are left. */
const questions = 13

/**
 * How far the oldest record that the reader has not come to is from its removal. Kafka tells no record's time, but the first record that is as young
 * as asked for; so its age is enclosed by asking. It removes whole segments, by their youngest record: later than said here, never sooner.
 * @throws PLACE_MISSING, BROKER_UNREACHABLE
 */
export async function expiryOf(
  { client, firstSince }: { readonly client: ClientDriver; readonly firstSince: FirstSince },
  { topic, group, positions, nowMs }: Pick<Reader, 'positions'> & Question,
): Promise<Expiry> {
  if (!legalName.test(topic) || (await client.partitionsOf(topic)) === null)
    throw new RedriveError('PLACE_MISSING', `topic ${topic} does not exist`)
  const config = await client.configOf(topic)
  if (config === null) throw new RedriveError('BROKER_UNREACHABLE', 'this client cannot read how long a topic keeps')
  const keeps = keepingOf(topic, config)
  const [first, end, committed] = await Promise.all([
    client.offsets(topic, 'earliest'),
    client.offsets(topic, 'latest'),
    client.committed(group, topic),
  ])
  const lagging = new Map<number, bigint>()
  let waiting = 0n
  let gone = 0n
  for (const [partition, last] of end) {
    const start = first.get(partition) ?? 0n
    const next = positions?.get(String(partition)) ?? committed.get(partition) ?? start
    if (next < start) gone += start - next
    const from = next > start ? next : start
    if (last <= from) continue
    waiting += last - from
    lagging.set(partition, from)
  }
  const oldestEndsAtMs =
    lagging.size === 0 || keeps.ageMs === null
      ? null
      : (await oldestMs(lagging, { ageMs: keeps.ageMs, nowMs, since: (sinceMs) => firstSince(topic, sinceMs) })) +
        keeps.ageMs
  return { waiting: Number(waiting), gone: Number(gone), oldestEndsAtMs, keeps }
}

interface Question {
  readonly topic: string
  readonly group: string
  readonly nowMs: number
}

/** The first offset of each partition whose record is not older; a partition without such a record is missing. */
export type FirstSince = (topic: string, sinceMs: number) => Promise<ReadonlyMap<number, bigint>>

/** The latest time before which none of them was written; those beyond their age are told as old as it. */
async function oldestMs(
  lagging: ReadonlyMap<number, bigint>,
  {
    ageMs,
    nowMs,
    since,
  }: { readonly ageMs: number; readonly nowMs: number; readonly since: (ms: number) => ReturnType<FirstSince> },
): Promise<number> {
  let low = nowMs - ageMs
  let high = nowMs
  for (let asked = 0; asked < questions && high - low > 1; asked += 1) {
    const middle = Math.floor((low + high) / 2)
    const found = await since(middle)
    const isOlder = [...lagging].some(([partition, from]) => (found.get(partition) ?? from + 1n) > from)
    if (isOlder) high = middle
    else low = middle
  }
  return low
}

export function keepingOf(topic: string, config: ReadonlyMap<string, string>): Keeping {
  const policy = config.get('cleanup.policy') ?? 'delete'
  const isCompacted = policy.includes('compact')
  const isDeleted = policy.includes('delete')
  const limit = (name: string): number | null => {
    const value = Number(config.get(name) ?? Number.NaN)
    return isDeleted && Number.isFinite(value) && value >= 0 ? value : null
  }
  const bytes = limit('retention.bytes')
  const settings = [
    `retention.ms=${wantedMs}`,
    ...(bytes === null ? [] : ['retention.bytes=-1']),
    ...(isCompacted ? ['cleanup.policy=delete'] : []),
  ]
  return {
    ageMs: limit('retention.ms'),
    messages: null,
    bytes,
    unusedMs: null,
    isCompacted,
    longer: `kafka-configs.sh --bootstrap-server BROKER --alter --entity-type topics --entity-name ${topic} --add-config ${settings.join(',')}`,
  }
}
