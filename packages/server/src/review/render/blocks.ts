import { counted, number, verb } from '../counted.ts'
import type { Review, ReviewedCause, Some, WaitingCause } from '../review.ts'
import { alertBlocks } from './alert-blocks.ts'
import { age, type Block, heading, list, minute, more, table, text, titled } from './block.ts'
import { queueBlocks } from './queue-blocks.ts'
import { runBlocks } from './run-blocks.ts'

export function blocksOf(review: Review): readonly Block[] {
  const { week, headline } = review
  return [
    { kind: 'heading', level: 1, text: week === null ? 'Review of the last seven days' : `Review of ${week}` },
    { kind: 'text', text: headline },
    text(spanLine(review)),
    ...decisionBlocks(review),
    ...queueBlocks(review),
    ...causeBlocks(review),
    ...runBlocks(review),
    ...alertBlocks(review),
    ...discardBlocks(review),
    ...retentionBlocks(review),
    ...hygieneBlocks(review),
  ]
}

/** Of a time that is over there are two moments: when it ended, and when somebody looked. */
function spanLine({ from, to, zone, zoneNow, madeAt }: Review): string {
  const whose = zoneNow === null ? zone : `${zone}, as when it was kept; weeks are of ${zoneNow} now`
  const span = `From ${minute(from)} to ${minute(to)} UTC (weeks of ${whose})`
  if (to === madeAt) return `${span}; what waits and what to decide is as of then.`
  return `${span}: what came in, what became of it, and what waited in each queue at the end. What to decide, the oldest letters, causes that wait, owners, states and hygiene are as of ${minute(madeAt)} UTC, when this was made.`
}

function decisionBlocks({ decisions: { count, shown } }: Review): readonly Block[] {
  return [
    heading('To decide'),
    ...(count === 0
      ? [text('Nothing: nobody has to decide anything.')]
      : list(shown.map(({ what, why, command }) => ({ text: `${what}: ${why}`, command })))),
    ...more(count - shown.length, ['to decide', 'to decide']),
  ]
}

function causeBlocks({ causes, madeAt }: Review): readonly Block[] {
  const { count, isNew, regressed, fixed, top, movers, neverOpened, withoutOwner, old } = causes
  const came = (cause: ReviewedCause): readonly string[] => [
    cause.id,
    cause.queue,
    cause.tier,
    number(cause.letters),
    cause.isNew && cause.before === 0 ? 'first came' : number(cause.before),
    cause.state,
    cause.owner ?? '–',
    cause.title,
  ]
  const cameColumns = ['cause', 'queue', 'tier', '#letters', '#before', 'state', 'owner', 'title']
  const waiting = ({ count: all, shown }: Some<WaitingCause>) => ({
    columns: ['cause', 'queue', '#waiting', 'oldest', 'title'],
    rows: shown.map((cause) => [
      cause.id,
      cause.queue,
      number(cause.waiting),
      age(cause.oldestAt, madeAt),
      cause.title,
    ]),
    count: all,
    one: 'cause',
  })
  return [
    heading('Causes'),
    text(
      `${count === 0 ? 'None had letters in this time' : `${counted(count, 'cause')} with letters in this time, ${number(isNew)} of them for the first time`}; ${number(regressed)} regressed, ${number(fixed)} ${verb(fixed, 'were', 'was')} fixed.`,
    ),
    ...titled('Most letters', { columns: cameColumns, rows: top.map(came), one: 'cause' }),
    ...titled('Moved most', { columns: cameColumns, rows: movers.map(came), one: 'cause' }),
    ...titled('Never looked at', waiting(neverOpened)),
    ...titled('Without an owner', waiting(withoutOwner)),
    ...titled('Waiting for more than a week', waiting(old)),
  ]
}

function discardBlocks({ discards: { count, shown } }: Review): readonly Block[] {
  if (count === 0) return []
  return [
    heading('Discarded'),
    ...table(
      ['#letters', 'by', 'reason'],
      shown.map(({ letters, by, reason }) => [number(letters), by.join(', '), reason]),
    ),
    ...more(count - shown.length, ['reason', 'reasons']),
  ]
}

function retentionBlocks({ retention }: Review): readonly Block[] {
  const { held, asks } = retention
  const sum = retention.delete + retention.archive
  if (sum + asks + held.length === 0) return []
  const unseen = held.filter(({ why }) => why === 'never-looked-at')
  return [
    heading('What ends next'),
    text(
      `Within seven days ${counted(retention.delete, 'letter')} ${verb(retention.delete, 'are', 'is')} deleted and ${number(retention.archive)} archived${asks === 0 ? '' : ', once a person says so'}.`,
    ),
    ...titled('Kept although their time is over or will be, for nobody has looked at their causes', {
      columns: ['queue', '#letters', '#causes'],
      rows: unseen.map(({ queue, letters, causes }) => [queue, number(letters), number(causes)]),
      one: 'queue',
    }),
  ]
}

/** Only what is not fine: the rest is in the score. */
function hygieneBlocks({ queues: { shown } }: Review): readonly Block[] {
  const items = shown.flatMap(({ name, hygiene: { patterns } }) =>
    patterns
      .filter(({ state }) => state === 'bad' || state === 'partly')
      .map(({ pattern, state, why, next }) => ({
        text: `${name}: ${state === 'bad' ? '' : 'partly '}${pattern.replaceAll('-', ' ')}, ${why}`,
        command: next,
      })),
  )
  return items.length === 0 ? [] : [heading('Hygiene'), ...list(items)]
}
