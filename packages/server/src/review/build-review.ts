import type { PoolClient } from 'pg'
import { decide } from './decide.ts'
import { headline } from './headline.ts'
import { judgeQueues, type OfficeFacts } from './judge-queues.ts'
import { readAlerts } from './read/read-alerts.ts'
import { readAutomatic } from './read/read-automatic.ts'
import { readCauses } from './read/read-causes.ts'
import { readDiscards } from './read/read-discards.ts'
import { type QueueFlow, readFlows } from './read/read-flows.ts'
import { readRetention } from './read/read-retention.ts'
import { readRuns } from './read/read-runs.ts'
import { readStopped } from './read/read-stopped.ts'
import { readTraffic } from './read/read-traffic.ts'
import { readWaiting } from './read/read-waiting.ts'
import { type Flow, noFlow, type Review, type Some } from './review.ts'
import type { Span } from './week.ts'

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
    ...office
  }: OfficeFacts & { readonly span: Span; readonly week: string | null; readonly zone: string; readonly nowMs: number },
): Promise<Review> {
  const flows = await readFlows(client, span)
  const traffic = await readTraffic(client, { ...span, flows })
  const { runs, ofQueue } = await readRuns(client, { ...span, most })
  const { retention, keptSo } = await readRetention(client, office.retention)
  const byLetters = flows.toSorted((a, b) => b.now.cameIn + b.waiting - (a.now.cameIn + a.waiting))
  const names = byLetters.map(({ name }) => name)
  const judged = await judgeQueues(client, { ...office, ...span, nowMs, queues: names, runs: ofQueue, keptSo })
  const queues = byLetters.slice(0, mostQueues).flatMap(({ id, now, waitsNow: _now, ...queue }) => {
    const hygiene = judged.get(queue.name)?.hygiene
    if (hygiene === undefined) return []
    const oldestOpenAt = queue.oldestOpenAt?.toISOString() ?? null
    return [{ ...queue, ...now, oldestOpenAt, hygiene, traffic: traffic.get(id) ?? null }]
  })
  const waiting = await readWaiting(client, { nowMs })
  const alerts = await readAlerts(client, { ...span, nowMs })
  const decisions = decide({
    queues: names.flatMap((name) => judged.get(name) ?? []),
    causes: waiting,
    alerts,
    asks: retention.asks,
    ...(await readStopped(client)),
  })
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
    causes: {
      ...(await readCauses(client, { ...span, most })),
      neverOpened: some(waiting.neverOpened, most),
      withoutOwner: some(waiting.withoutOwner, most),
      old: some(waiting.old, most),
    },
    runs,
    automatic: await readAutomatic(client, { ...span, most }),
    alerts: { ...alerts, noisy: some(alerts.noisy, most), ignored: some(alerts.ignored, most) },
    discards: await readDiscards(client, { ...span, most }),
    retention,
    decisions: some(decisions, mostDecisions),
  }
  return { ...review, headline: headline({ ...review, waitsNow: sumOf(flows, 'waitsNow') }) }
}

function some<T>(all: readonly T[], shown: number): Some<T> {
  return { count: all.length, shown: all.slice(0, shown) }
}

function addUp(flows: readonly QueueFlow[], of: 'now' | 'before'): Flow {
  const names = Object.keys(noFlow) as (keyof Flow)[]
  return Object.fromEntries(
    names.map((name) => [name, flows.reduce((sum, flow) => sum + flow[of][name], 0)]),
  ) as unknown as Flow
}

function sumOf(flows: readonly QueueFlow[], name: 'waiting' | 'waitedBefore' | 'waitsNow'): number {
  return flows.reduce((sum, flow) => sum + flow[name], 0)
}
