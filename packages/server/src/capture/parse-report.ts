import { maxReportBytes, type Tier, type TrafficReport, tiers } from '@redrive/worker'
import { uuidBytes } from '../store/uuid.ts'
import { parseSamples } from './parse-samples.ts'

const maxNameLength = 255
/** What one worker can handle in a day, and more. */
const maxCount = 1_000_000_000
const maxSpanMs = 86_400_000

/** The report of a worker's traffic in a message's body; `null` for anything a worker would not have written. */
export function parseReport(body: Uint8Array | null): TrafficReport | null {
  if (body === null || body.length > maxReportBytes) return null
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  // Receipts are parsed once.
  if (!bytes.includes('"traffic"')) return null
  const parsed = parseJson(bytes)
  if (!isRecord(parsed) || !isRecord(parsed['traffic'])) return null
  const { replayId, worker, traffic } = parsed
  const { v, queue, consumer, fromMs, toMs } = traffic
  if (v !== 1 || typeof replayId !== 'string' || uuidBytes(replayId) === null) return null
  if (!isName(queue) || !isName(consumer) || !isTime(fromMs) || !isTime(toMs)) return null
  if (toMs < fromMs || toMs - fromMs > maxSpanMs) return null
  const { handled, retried, discarded, skipped } = traffic
  if (!isCount(handled) || !isCount(retried) || !isCount(discarded) || !isCount(skipped)) return null
  const died = deathsOf(traffic['died'])
  if (died === null) return null
  const identity = isRecord(worker) ? worker : {}
  return {
    id: replayId.toLowerCase(),
    ...{ queue, consumer, fromMs, toMs, handled, retried, discarded, skipped, died },
    worker: {
      service: text(identity['service']) ?? '',
      release: text(identity['release']),
      host: text(identity['host']),
    },
    samples: parseSamples(traffic['samples']),
  }
}

/** Tiers that this version does not know are no reason to lose the rest: they count as `unknown`. */
function deathsOf(value: unknown): Partial<Record<Tier, number>> | null {
  if (!isRecord(value)) return null
  const died: Partial<Record<Tier, number>> = {}
  for (const [name, deaths] of Object.entries(value)) {
    if (!isCount(deaths)) return null
    const tier = tiers.find((each) => each === name) ?? 'unknown'
    died[tier] = Math.min(maxCount, (died[tier] ?? 0) + deaths)
  }
  return died
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return null
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= maxCount
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Date.UTC(9999, 0, 1)
}

/** A queue whose name is cut is another queue. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxNameLength
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value.slice(0, maxNameLength) : null
}
