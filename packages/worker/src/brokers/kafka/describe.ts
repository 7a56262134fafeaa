import type { PlaceDescription } from '../../broker.ts'
import type { ClientDriver } from './driver.ts'

const dayMs = 24 * 3_600_000
const shortMs = 3 * dayMs
export const legalName: RegExp = /^(?!\.{1,2}$)[\w.-]{1,249}$/

/** A topic as the doctor sees it; `consumers` are the names of groups. */
export async function describeTopic(client: ClientDriver, topic: string): Promise<PlaceDescription> {
  // A broker answers such a name with an error, which is not told from not being able to answer.
  const partitions = legalName.test(topic) ? await client.partitionsOf(topic) : null
  if (partitions === null) return { exists: false, partitions: 0, facts: [], consumers: [] }
  const [config, consumers] = await Promise.all([client.configOf(topic), client.groupsOf(topic)])
  return { exists: true, partitions, facts: config === null ? [noConfig] : factsOf(config), consumers }
}

const noConfig = 'This client cannot read the configuration of topics: check cleanup.policy and retention.ms yourself.'

export function factsOf(config: ReadonlyMap<string, string>): readonly string[] {
  const facts: string[] = []
  const policy = config.get('cleanup.policy') ?? 'delete'
  if (policy.includes('compact')) {
    facts.push(
      'Warning: cleanup.policy is compact: of messages with the same key only the last stays, and those without a key are refused.',
    )
  }
  const retentionMs = Number(config.get('retention.ms') ?? Number.NaN)
  if (Number.isFinite(retentionMs) && policy.includes('delete')) {
    facts.push(retentionMs < 0 ? 'Messages are kept for ever.' : `Messages are removed after ${daysOf(retentionMs)}.`)
    if (retentionMs >= 0 && retentionMs < shortMs)
      facts.push('Warning: retention.ms is short: what nobody has read by then is lost.')
  }
  const retentionBytes = Number(config.get('retention.bytes') ?? -1)
  if (retentionBytes >= 0)
    facts.push(`Warning: each partition keeps at most ${String(retentionBytes)} bytes, read or not.`)
  const maxBytes = config.get('max.message.bytes')
  if (maxBytes !== undefined) facts.push(`The largest batch of messages is ${maxBytes} bytes.`)
  if (config.get('message.timestamp.type') === 'LogAppendTime')
    facts.push('Timestamps are those of arrival at the broker.')
  return facts
}

function daysOf(ms: number): string {
  return ms < dayMs ? `${String(Math.round(ms / 3_600_000))} hours` : `${String(Math.round(ms / dayMs))} days`
}
