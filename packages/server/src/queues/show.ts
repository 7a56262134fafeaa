import { RedriveError, type Tier, tiers } from '@redrive/worker'
import { showCauseId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { type TrafficOfQueue, trafficOfQueue } from '../traffic/index.ts'
import { listQueues, type QueueView } from './list.ts'
import { documentCommand, missingFields, shellWord } from './missing.ts'
import { openByTier } from './open-by-tier.ts'
import { nothingSaid, type Said, type SaidOfTier, saidOf } from './said.ts'

export interface QueueDetail {
  readonly name: string
  /** `null`: it is documented, but no letter of it came yet, and no report of a worker. */
  readonly seen:
    | (Pick<QueueView, 'broker' | 'system' | 'place' | 'oldestOpenAt' | 'newestAt'> & {
        readonly uncertain: 'hold' | 'resend-marked'
        /** Where its letters were captured from, by the latest of each of its causes and the latest 200 of all. */
        readonly sources: readonly { readonly broker: string; readonly place: string }[]
        /** The most recent of them. */
        readonly latestCauses: readonly {
          readonly id: string
          readonly tier: Tier
          readonly title: string
          readonly lastSeen: string
        }[]
      })
    | null
  readonly letters: Readonly<Record<string, number>>
  readonly causes: number
  /** What workers say of its messages. */
  readonly traffic: TrafficOfQueue
  readonly document: Readonly<Record<string, Said | null>>
  readonly tiers: readonly (SaidOfTier & { readonly tier: Tier; readonly open: number })[]
  /** Fields by their paths. */
  readonly missing: readonly string[]
  /** What to type to add them. */
  readonly next: string | null
}

/** @throws NOT_FOUND: no letter of it came and nobody documented it, unless that is known */
export async function showQueue(
  store: Store,
  name: string,
  options: { readonly mayBeUnknown?: boolean } = {},
): Promise<QueueDetail> {
  const [[view], allSaid, open, traffic] = await Promise.all([
    listQueues(store, name),
    saidOf(store.pool, [name]),
    openByTier(store, name),
    trafficOfQueue(store.pool, name),
  ])
  const said = allSaid.get(name)
  if (view === undefined && said === undefined && options.mayBeUnknown !== true) {
    throw new RedriveError('NOT_FOUND', 'There is no such queue: no letter of it came, and nobody documented it.', {
      hint: `Names are in: redrive queues. To document it ahead of its first letter: redrive queue document --owner … ${shellWord(name)}`,
    })
  }
  const openOf = Object.fromEntries(open.map(({ tier, open: letters }) => [tier, letters])) as Partial<
    Record<Tier, number>
  >
  const missing = missingFields(said ?? nothingSaid, openOf)
  return {
    name,
    seen: view === undefined ? null : await seenOf(store, view),
    letters: view?.letters ?? {},
    causes: view?.causes ?? 0,
    traffic,
    document: (said ?? nothingSaid).document,
    tiers: tiers.map((tier) => ({ tier, open: openOf[tier] ?? 0, ...(said ?? nothingSaid).tiers[tier] })),
    missing,
    next: documentCommand(name, missing),
  }
}

async function seenOf(store: Store, view: QueueView): Promise<QueueDetail['seen']> {
  const { broker, system, place, oldestOpenAt, newestAt } = view
  const [policy, sources, causes] = await Promise.all([
    store.pool.query<{ uncertain: 'hold' | 'resend-marked' }>('select uncertain from queue where name = $1', [
      view.name,
    ]),
    store.pool.query<{ broker: string; place: string }>(
      `with q as (select id from queue where name = $1)
       select distinct s.broker, s.place from letter_ever l join source s on s.id = l.source_id where l.id in (
         (select id from letter where queue_id = (select id from q) order by id desc limit 200)
         union (select sample_letter from cause where queue_id = (select id from q) order by last_seen desc limit 200))
       order by 1, 2`,
      [view.name],
    ),
    store.pool.query<{ id: string; tier: Tier; title: string; last_seen: Date }>(
      `select id, tier, title, last_seen from cause where queue_id = (select id from queue where name = $1) and letters > 0
       order by last_seen desc, id desc limit 5`,
      [view.name],
    ),
  ])
  return {
    broker,
    system,
    place,
    oldestOpenAt,
    newestAt,
    uncertain: policy.rows[0]?.uncertain ?? 'hold',
    sources: sources.rows,
    latestCauses: causes.rows.map(({ id, tier, title, last_seen }) => ({
      id: showCauseId(id),
      tier,
      title,
      lastSeen: last_seen.toISOString(),
    })),
  }
}
