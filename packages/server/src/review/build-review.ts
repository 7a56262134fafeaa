import type { PoolClient } from 'pg'
import { readLimits, watchedBy } from '../alerts/index.ts'
import type { AlertsConfig, RetentionPolicy } from '../config/index.ts'
import type { SourceExpiry } from '../expiry/index.ts'
import { lossesSince } from '../store/source-losses.ts'
import { decide } from './decide.ts'
import { headline } from './headline.ts'
import { judgeHygiene } from './judge-hygiene.ts'
import { keepingOf } from './read/keeping-of.ts'
import { readAlerts } from './read/read-alerts.ts'
import { readAutomatic } from './read/read-automatic.ts'
import { readCauses } from './read/read-causes.ts'
import { readDiscards } from './read/read-discards.ts'
import { type QueueFlow, readFlows } from './read/read-flows.ts'
import { readHygiene } from './read/read-hygiene.ts'
import { readRetention } from './read/read-retention.ts'
import { readRuns } from './read/read-runs.ts'
import { readStopped } from './read/read-stopped.ts'
import { readTraffic } from './read/read-traffic.ts'
import { readWaiting } from './read/read-waiting.ts'
import { type Flow, noFlow, type Review } from './review.ts'
import type { Span } from './week.ts'

/** What only the office knows. */
export interface OfficeFacts {
  readonly config: AlertsConfig
  readonly retention: RetentionPolicy
  /** Places that are read now. */
  readonly captures: readonly { readonly broker: string; readonly place: string; readonly state: string }[]
  /** What brokers last said of how long they keep. @default nothing is known */
  readonly expiry?: readonly SourceExpiry[]
}

const mostQueues = 50
const most = 10
const mostDecisions = 20

/** The whole of it, of one picture of the store: the caller's transaction reads repeatably. */
export async function buildReview(
  client: PoolClient,
  {
    span,
    week,
    zone,
    nowMs,
    config,
    retention: policy,
    captures,
    expiry = [],
  }: OfficeFacts & { readonly span: Span; readonly week: string | null; readonly zone: string; readonly nowMs: number },
): Promise<Review> {
  const flows = await readFlows(client, span)
  const traffic = await readTraffic(client, span)
  const { runs, ofQueue } = await readRuns(client, { ...span, most })
  const busiest = flows.toSorted((a, b) => b.now.cameIn + b.waiting - (a.now.cameIn + a.waiting)).slice(0, mostQueues)
  const known = await readHygiene(client, { ...span, nowMs, queues: busiest.map(({ name }) => name) })
  const limits = await readLimits(client, config.limits)
  const { retention, keptSo } = await readRetention(client, policy)
  const losses = await lossesSince(client, span.fromMs)
  const queues = busiest.flatMap(({ id, now, ...queue }) => {
    const facts = known.get(queue.name)
    if (facts === undefined) return []
    const hygiene = judgeHygiene({
      ...facts,
      ...watchedBy(queue.name, { owner: facts.owner, config: { ...config, limits } }),
      sources: countSources(facts.sources, captures),
      runs: ofQueue.get(queue.name) ?? [],
      ...keepingOf(facts.sources, {
        expiry,
        losses: losses.filter(({ noticedAt }) => noticedAt.getTime() <= span.toMs),
      }),
      keptSo: keptSo.get(queue.name) ?? { leastDays: Infinity, endsUnseen: false },
    })
    return [
      {
        ...queue,
        ...now,
        oldestOpenAt: queue.oldestOpenAt?.toISOString() ?? null,
        hygiene,
        traffic: traffic.get(id) ?? null,
      },
    ]
  })
  const causes = { ...(await readCauses(client, { ...span, most })), ...(await readWaiting(client, { nowMs, most })) }
  const alerts = await readAlerts(client, { ...span, nowMs, most })
  const decisions = decide({ queues, causes, alerts, retention, ...(await readStopped(client, { most })) })
  const review = {
    week,
    zone,
    zoneNow: null,
    from: new Date(span.fromMs).toISOString(),
    to: new Date(span.toMs).toISOString(),
    madeAt: new Date(nowMs).toISOString(),
    total: { ...addUp(flows, 'now'), waiting: sumOf(flows, 'waiting'), waitedBefore: sumOf(flows, 'waitedBefore') },
    before: addUp(flows, 'before'),
    queues: { count: flows.length, shown: queues },
    causes,
    runs,
    automatic: await readAutomatic(client, { ...span, most }),
    alerts,
    discards: await readDiscards(client, { ...span, most }),
    retention,
    decisions: { count: decisions.length, shown: decisions.slice(0, mostDecisions) },
  }
  return { ...review, headline: headline(review) }
}

function countSources(
  sources: readonly { readonly broker: string; readonly place: string }[],
  captures: OfficeFacts['captures'],
): { readonly read: number; readonly inTrouble: number; readonly left: number } {
  const states = sources.map(
    ({ broker, place }) => captures.find((each) => each.broker === broker && each.place === place)?.state ?? null,
  )
  const read = states.filter((state) => state === 'running').length
  const left = states.filter((state) => state === null).length
  return { read, left, inTrouble: states.length - read - left }
}

function addUp(flows: readonly QueueFlow[], of: 'now' | 'before'): Flow {
  const names = Object.keys(noFlow) as (keyof Flow)[]
  return Object.fromEntries(
    names.map((name) => [name, flows.reduce((sum, flow) => sum + flow[of][name], 0)]),
  ) as unknown as Flow
}

function sumOf(flows: readonly QueueFlow[], name: 'waiting' | 'waitedBefore'): number {
  return flows.reduce((sum, flow) => sum + flow[name], 0)
}
