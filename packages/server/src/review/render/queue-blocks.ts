import { number } from '../counted.ts'
import type { Review, ReviewedQueue } from '../review.ts'
import { age, type Block, heading, more, table, text } from './block.ts'

export function queueBlocks({ queues: { count, shown }, to, madeAt }: Review): readonly Block[] {
  if (count === 0) return [heading('Queues'), text('No queue is known yet: redrive.yaml names what is captured.')]
  const hasGone = shown.some(({ archived, deleted, erased }) => archived !== 0 || deleted + erased > 0)
  // Reviews that were kept before workers reported have none.
  const hasTraffic = shown.some(({ traffic }) => (traffic ?? null) !== null)
  return [
    heading('Queues'),
    ...table(
      [
        'queue',
        '#in',
        '#before',
        '#came back',
        '#replayed',
        '#discarded',
        ...(hasGone ? ['#archived', '#deleted', '#erased'] : []),
        ...(hasTraffic ? ['#die', '#died before'] : []),
        to === madeAt ? '#waiting' : '#waiting at the end',
        '#change',
        'oldest open',
        '#hygiene',
      ],
      shown.map((queue) => [
        queue.name,
        number(queue.cameIn),
        number(queue.before.cameIn),
        number(queue.cameBack),
        number(queue.replayed),
        number(queue.discarded),
        ...(hasGone ? [number(queue.archived), number(queue.deleted), number(queue.erased)] : []),
        ...(hasTraffic ? [deaths(queue), percent(queue.traffic?.deathShareBefore)] : []),
        number(queue.waiting),
        signed(queue.waiting - queue.waitedBefore),
        queue.oldestOpenAt === null ? '–' : age(queue.oldestOpenAt, madeAt),
        queue.hygiene.score === null ? '–' : String(queue.hygiene.score),
      ]),
    ),
    ...(shown.some(isPartlyReported)
      ? [
          text(
            'Where two numbers stand under die, workers reported so many deaths of so many messages: less than half as many deaths as letters were captured, so it is no share of the queue. Not all of them report, or they did not all the time.',
          ),
        ]
      : []),
    ...more(count - shown.length, ['queue, with fewer letters', 'queues, with fewer letters']),
  ]
}

function deaths(queue: ReviewedQueue): string {
  const { handled = 0, died = 0, deathShare } = queue.traffic ?? {}
  return isPartlyReported(queue) ? `${number(died)} of ${number(handled + died)}` : percent(deathShare)
}

function isPartlyReported({ traffic }: ReviewedQueue): boolean {
  const { handled = 0, died = 0, deathShare = null } = traffic ?? {}
  return deathShare === null && handled + died > 0
}

/** Nothing known is no zero, and neither is little. */
function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return '–'
  return share > 0 && share < 0.001 ? '< 0.1 %' : `${(share * 100).toFixed(1)} %`
}

function signed(count: number): string {
  return count > 0 ? `+${number(count)}` : number(count)
}
