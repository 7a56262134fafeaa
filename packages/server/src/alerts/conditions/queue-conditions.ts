import { type Tier, tiers } from '@redrive/worker'
import { shellWord } from '../../queues/index.ts'
import type { Condition } from '../alert.ts'
import { limitsOf, type PlacedLimit } from '../policy/index.ts'
import { alertRules } from '../rules.ts'
import { oneLine } from './one-line.ts'

const hourMs = 3_600_000
/** A limit that was passed holds until so much of it is left: a count about the limit is one alert, not many. */
const until = 0.8

/** A queue as a look found it. */
export interface QueuePicture {
  readonly name: string
  readonly owner: string | null
  readonly runbook: string | null
  readonly open: number
  readonly openOf: Readonly<Partial<Record<Tier, number>>>
  /** When the oldest open letter was captured. */
  readonly oldestMs: number | null
}

/** Too many open letters, and too old ones. @param known subjects of alerts that are not over */
export function queueConditions(
  queues: readonly QueuePicture[],
  {
    limits,
    known,
    nowMs,
  }: { readonly limits: readonly PlacedLimit[]; readonly known: ReadonlySet<string>; readonly nowMs: number },
): readonly Condition[] {
  return queues.flatMap((queue) => [
    ...[null, ...tiers].flatMap((tier) => tooMany(queue, { tier, limits, known })),
    ...tooOld(queue, { limits, nowMs }),
  ])
}

function tooMany(
  queue: QueuePicture,
  {
    tier,
    limits,
    known,
  }: { readonly tier: Tier | null; readonly limits: readonly PlacedLimit[]; readonly known: ReadonlySet<string> },
): readonly Condition[] {
  const limit = limitsOf(queue.name, tier, limits).open
  const open = tier === null ? queue.open : (queue.openOf[tier] ?? 0)
  const subject = `depth/${queue.name}${tier === null ? '' : `/${tier}`}`
  if (limit === null || open < (known.has(subject) ? limit * until : limit)) return []
  const what = `${open.toLocaleString('en-US')} open ${tier === null ? '' : `${tier} `}letters`
  return [
    {
      ...about(
        queue,
        'depth',
        `DEPTH ${oneLine(queue.name, 60)}: ${what}, the limit is ${limit.toLocaleString('en-US')}`,
      ),
      subject,
      tier,
      facts: [
        { name: 'open', value: open.toLocaleString('en-US') },
        { name: 'limit', value: limit.toLocaleString('en-US') },
      ],
    },
  ]
}

function tooOld(
  queue: QueuePicture,
  { limits, nowMs }: { readonly limits: readonly PlacedLimit[]; readonly nowMs: number },
): readonly Condition[] {
  const { ageHours } = limitsOf(queue.name, null, limits)
  if (ageHours === null || queue.oldestMs === null || nowMs - queue.oldestMs < ageHours * hourMs) return []
  const since = new Date(queue.oldestMs).toISOString()
  return [
    {
      ...about(queue, 'age', `AGE ${oneLine(queue.name, 60)}: letters are open for more than ${ageHours} h`),
      subject: `age/${queue.name}`,
      facts: [{ name: 'oldest since', value: since }],
    },
  ]
}

/** What conditions of a queue have in common. */
export function about(
  queue: Pick<QueuePicture, 'name' | 'owner' | 'runbook'>,
  rule: 'depth' | 'age' | 'growth' | 'death-rate' | 'source-silent',
  title: string,
): Omit<Condition, 'subject' | 'facts'> {
  return {
    rule,
    queue: queue.name,
    causeId: null,
    tier: null,
    owner: queue.owner,
    urgency: alertRules[rule].urgency,
    title,
    next: `redrive causes --open --queue ${shellWord(queue.name)}`,
    runbook: queue.runbook,
    over: null,
    isEmpty: false,
    takenBy: null,
  }
}
