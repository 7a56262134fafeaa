import type { PoolClient } from 'pg'
import type { Condition } from '../alert.ts'
import { oneLine } from '../conditions/one-line.ts'
import { about } from '../conditions/queue-conditions.ts'
import { hoursFrom } from '../growth/growth-conditions.ts'
import { limitsOf, type PlacedLimit } from '../policy/index.ts'
import { judgeSilence, type Silence } from './judge-silence.ts'

const hourMs = 3_600_000
/** Four weeks of silence, after four weeks with letters. */
const historyHours = 8 * 7 * 24
/** Nothing less than that is judged. */
const leastHours = 6
const mostQueues = 200

/** A place that is captured, as in the status. */
export interface ReadSource {
  readonly broker: string
  readonly place: string
  readonly state: string
}

export interface SilentQueue {
  readonly name: string
  readonly owner: string | null
  readonly runbook: string | null
  readonly sources: readonly { readonly broker: string; readonly place: string }[]
  readonly silence: Silence
}

export type SilenceWatch = (
  client: PoolClient,
  look: { readonly captures: readonly ReadSource[]; readonly limits: readonly PlacedLimit[]; readonly nowMs: number },
) => Promise<readonly Condition[]>

/**
 * Queues from which letters used to come and do not any more, while what they come from is read: for an hour at least, or what waits there would be
 * taken for silence. They are looked for once in an hour.
 */
export function silenceWatch(): SilenceWatch {
  const runningSince = new Map<string, number>()
  let known: { readonly hour: number; readonly silent: readonly SilentQueue[] } | null = null
  return async (client, { captures, limits, nowMs }) => {
    for (const capture of captures) {
      const name = nameOf(capture)
      if (capture.state !== 'running') runningSince.delete(name)
      else if (!runningSince.has(name)) runningSince.set(name, nowMs)
    }
    const hour = Math.floor(nowMs / hourMs)
    if (known?.hour !== hour) known = { hour, silent: await silentQueues(client, hour) }
    const isRead = (source: { readonly broker: string; readonly place: string }): boolean =>
      nowMs - (runningSince.get(nameOf(source)) ?? nowMs) >= hourMs
    return known.silent.flatMap((queue) => {
      const { silent } = limitsOf(queue.name, null, limits)
      const isCaptured = queue.sources.length > 0 && queue.sources.every(isRead)
      return silent === 'off' || !isCaptured ? [] : [conditionOf(queue, silent === 'ticket' ? 'ticket' : 'review')]
    })
  }
}

function nameOf({ broker, place }: { readonly broker: string; readonly place: string }): string {
  return `${place} on ${broker}`
}

/** By when letters died, as their workers say. */
async function silentQueues(client: PoolClient, hour: number): Promise<readonly SilentQueue[]> {
  const { rows } = await client.query<
    Omit<SilentQueue, 'silence' | 'sources'> & {
      readonly hours: Readonly<Record<string, number>> | null
      readonly sources: SilentQueue['sources'] | null
    }
  >({
    name: 'silent-queues',
    text: `
      select q.name,
             (select value from queue_says where queue = q.name and field = 'owner') as owner,
             (select value from queue_says where queue = q.name and field = 'runbook') as runbook,
             (select jsonb_object_agg(each.hour, each.letters) from (
                select extract(epoch from h.hour)::bigint / 3600 as hour, sum(h.letters) as letters
                  from cause c join cause_hour h on h.cause_id = c.id
                 where c.queue_id = q.id and h.hour >= $1 and h.hour <= $2 group by 1) each) as hours,
             (select jsonb_agg(distinct jsonb_build_object('broker', s.broker, 'place', s.place)) from source s where s.id in (
                select l.source_id from letter_ever l where l.id in (
                  select sample_letter from cause where queue_id = q.id order by last_seen desc limit 20))) as sources
        from queue q
        join (select queue_id, max(last_seen) as last from cause group by 1) c on c.queue_id = q.id
       where c.last >= $1 and c.last < $3 order by c.last desc limit ${mostQueues}`,
    values: [
      new Date((hour - historyHours) * hourMs),
      new Date(hour * hourMs),
      new Date((hour - leastHours + 1) * hourMs),
    ],
  })
  return rows.flatMap(({ hours, sources, ...queue }) => {
    const silence = hours?.[String(hour)] === undefined ? judgeSilence(hoursFrom(hours ?? {}, hour)) : null
    return silence === null ? [] : [{ ...queue, sources: sources ?? [], silence }]
  })
}

function conditionOf(queue: SilentQueue, urgency: 'review' | 'ticket'): Condition {
  const { silence, sources } = queue
  const [source] = sources
  const from = source === undefined ? '' : ` from ${oneLine(nameOf(source), 80)}`
  return {
    ...about(queue, 'source-silent', `SILENT ${oneLine(queue.name, 60)}: no letter${from} for ${silence.hours} h`),
    subject: `source-silent/${queue.name}`,
    urgency,
    facts: [
      { name: 'usual', value: `letters in ${silence.usual} of those hours; ${silence.letters} in four weeks` },
      { name: 'good', value: 'nothing dies any more, or nothing comes in that could' },
      { name: 'bad', value: 'dead letters do not arrive there: a worker, a binding or a policy of the broker changed' },
    ],
    next: 'compare what workers say of their failures with the place; then: redrive status',
  }
}
