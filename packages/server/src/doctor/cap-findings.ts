import { fillText, isFull, type QueueAtCap, readCaps, sizeText } from '../caps/index.ts'
import { type CapPolicy, shareOf } from '../config/index.ts'
import { type SourceExpiry, spanText } from '../expiry/index.ts'
import { shellWord } from '../queues/index.ts'
import { keptOf } from '../store/queue-kept.ts'
import type { Store } from '../store/store.ts'
import { counted, type Finding } from './finding.ts'

/** Who pushes back is told in time; where letters are archived before, only when that did not suffice. */
const nearly = { 'push-back': 0.8, archive: 0.95 } as const
const named = 3

interface Office {
  /** How much a queue keeps that says nothing else. */
  readonly most: CapPolicy
  readonly expiry: readonly SourceExpiry[]
  readonly nowMs: number
}

/** Queues that have come to their caps, so that letters wait at their sources, and those that soon will. */
export async function capFindings(store: Store, { most, expiry, nowMs }: Office): Promise<readonly Finding[]> {
  const caps = await readCaps(store.pool, most)
  const queues = (await keptOf(store.pool)).map((each) => ({ ...each, cap: caps(each.queue) }))
  const full = queues.filter(isFull)
  const near = queues.filter((each) => !isFull(each) && shareOf(each, each.cap) >= nearly[each.cap.whenReached])
  if (full.length + near.length === 0) return []
  const fed = await feedersOf(
    store,
    full.map(({ queueId }) => queueId),
  )
  return [
    ...full.map((queue) => fullFinding(queue, { sources: fed.get(queue.queueId) ?? [], expiry, nowMs })),
    ...near.map(nearFinding),
  ]
}

interface Feeder {
  readonly broker: string
  readonly place: string
  /** Other queues that its letters are of. */
  readonly others: readonly string[]
}

async function feedersOf(store: Store, queueIds: readonly number[]): Promise<ReadonlyMap<number, readonly Feeder[]>> {
  const { rows } = await store.pool.query<Feeder & { queueId: number }>(
    `select f.queue_id as "queueId", s.broker, s.place,
            array(select q.name from source_queue o join queue q on q.id = o.queue_id where o.source_id = s.id and o.queue_id <> f.queue_id order by 1) as others
       from source_queue f join source s on s.id = f.source_id where f.queue_id = any($1::int[]) and s.role = 'dead-letter' order by 2, 3`,
    [queueIds],
  )
  return Map.groupBy(rows, ({ queueId }) => queueId)
}

function fullFinding(
  queue: QueueAtCap,
  {
    sources,
    expiry,
    nowMs,
  }: { readonly sources: readonly Feeder[]; readonly expiry: readonly SourceExpiry[]; readonly nowMs: number },
): Finding {
  const since = queue.fullSince === null ? '' : ` since ${queue.fullSince.toISOString()}`
  const others = [...new Set(sources.flatMap((source) => source.others))]
  const waiting = sources.slice(0, named).map((source) => waitingAt(source, { expiry, nowMs }))
  const more = sources.length > named ? ` and at ${sources.length - named} more places` : ''
  return {
    code: 'queue-full',
    severity: 'problem',
    queue: queue.queue,
    what: `it has come to its cap${since}: ${fillText(queue, queue.cap)}`,
    why: [
      `letters stay at ${waiting.join(', and at ') || 'their source'}${more}; nothing is lost by it`,
      ...(others.length === 0 ? [] : [`letters of ${listed(others)} from there wait with it`]),
      ...(queue.cap.whenReached === 'archive' ? ['archiving the oldest did not suffice'] : []),
    ].join('; '),
    next: `${raise(queue)}   (or make room: docs/operate/caps.md)`,
  }
}

function nearFinding(queue: QueueAtCap): Finding {
  const share = Math.floor(shareOf(queue, queue.cap) * 100)
  return {
    code: 'queue-full',
    severity: 'warning',
    queue: queue.queue,
    what: `it has come to ${share} % of its cap: ${fillText(queue, queue.cap)}`,
    why: `at the cap its letters stay at their sources${queue.cap.whenReached === 'archive' ? '; archiving the oldest did not suffice' : ''}`,
    next: `redrive causes --open --queue ${shellWord(queue.queue)}   (make room or raise the cap: docs/operate/caps.md)`,
  }
}

/** `orders-dead-letter on kafka (12,000 wait there, the oldest is deleted there in 3 days)` */
function waitingAt(
  { broker, place }: Feeder,
  { expiry, nowMs }: { readonly expiry: readonly SourceExpiry[]; readonly nowMs: number },
): string {
  const known = expiry.find((each) => each.broker === broker && each.place === place)?.expiry ?? null
  const name = `${place} on ${broker}`
  if (known === null) return `${name} (until when its broker keeps them is not known)`
  const { waiting, oldestEndsAtMs, keeps } = known
  if (waiting === 0) return `${name} (none waits yet)`
  const parts = [
    `${waiting.toLocaleString('en-US')} ${waiting === 1 ? 'waits' : 'wait'} there`,
    ...(oldestEndsAtMs === null ? [] : [untilWhen(oldestEndsAtMs, nowMs)]),
    ...(keeps.messages === null ? [] : [`it drops the oldest above ${counted(keeps.messages, 'letter')}`]),
    ...(keeps.bytes === null ? [] : [`it drops the oldest above ${sizeText(keeps.bytes)}`]),
  ]
  return `${name} (${parts.join(', ')})`
}

function untilWhen(oldestEndsAtMs: number | 'unknown', nowMs: number): string {
  if (oldestEndsAtMs === 'unknown') return 'and when the oldest is deleted is not known'
  const leftMs = oldestEndsAtMs - nowMs
  return `the oldest is deleted there ${leftMs <= 0 ? 'any moment' : `in ${spanText(leftMs)}`}`
}

/** The cap that was reached, doubled. */
function raise({ queue, letters, bytes, cap }: QueueAtCap): string {
  const ofBytes = cap.bytes === null ? 0 : bytes / cap.bytes
  const isOfBytes = cap.bytes !== null && (cap.letters === null || ofBytes > letters / cap.letters)
  const more = isOfBytes
    ? `--most-bytes ${Math.ceil(((cap.bytes ?? 0) * 2) / 1024 ** 2)}MiB`
    : `--most-letters ${(cap.letters ?? 0) * 2}`
  return `redrive queue document ${more} ${shellWord(queue)}`
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, named).join(', ')
  return names.length > named ? `${shown} and ${names.length - named} more queues` : shown
}
