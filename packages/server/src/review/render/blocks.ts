import type { Review, ReviewedCause, WaitingCause } from '../review.ts'

/** What a review looks like, whatever it is written in. Texts may come from dead letters: whoever writes them escapes them. */
export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'table'; readonly columns: readonly Column[]; readonly rows: readonly (readonly string[])[] }
  | { readonly kind: 'list'; readonly items: readonly { readonly text: string; readonly command: string | null }[] }

export interface Column {
  readonly title: string
  readonly isNumber: boolean
}

export function blocksOf(review: Review): readonly Block[] {
  const { week, from, to, zone, zoneNow, madeAt, headline } = review
  const whose = zoneNow === null ? zone : `${zone}, as when it was kept; weeks are of ${zoneNow} now`
  return [
    { kind: 'heading', level: 1, text: week === null ? 'Review of the last seven days' : `Review of ${week}` },
    { kind: 'text', text: headline },
    {
      kind: 'text',
      text: `From ${minute(from)} to ${minute(to)} UTC (weeks of ${whose}). What waits is as of ${minute(madeAt)} UTC.`,
    },
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

function decisionBlocks({ decisions: { count, shown } }: Review): readonly Block[] {
  return [
    heading('To decide'),
    ...(count === 0 ? [text('Nothing: nobody has to decide anything.')] : []),
    { kind: 'list', items: shown.map(({ what, why, command }) => ({ text: `${what}: ${why}`, command })) },
    ...more(count - shown.length, 'to decide'),
  ]
}

function queueBlocks({ queues: { count, shown }, madeAt }: Review): readonly Block[] {
  if (count === 0) return [heading('Queues'), text('No queue is known yet: redrive.yaml names what is captured.')]
  const hasGone = shown.some(({ archived, deleted, erased }) => archived !== 0 || deleted + erased > 0)
  // Reviews that were kept before workers reported have none.
  const hasTraffic = shown.some(({ traffic }) => (traffic ?? null) !== null)
  return [
    heading('Queues'),
    table(
      [
        'queue',
        '#in',
        '#before',
        '#came back',
        '#replayed',
        '#discarded',
        ...(hasGone ? ['#archived', '#deleted', '#erased'] : []),
        ...(hasTraffic ? ['#die', '#died before'] : []),
        '#waiting',
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
        ...(hasTraffic ? [percent(queue.traffic?.deathShare), percent(queue.traffic?.deathShareBefore)] : []),
        number(queue.waiting),
        signed(queue.waiting - queue.waitedBefore),
        queue.oldestOpenAt === null ? '–' : age(queue.oldestOpenAt, madeAt),
        queue.hygiene.score === null ? '–' : String(queue.hygiene.score),
      ]),
    ),
    ...more(count - shown.length, 'queues, with fewer letters'),
  ]
}

function causeBlocks({ causes, madeAt }: Review): readonly Block[] {
  const { count, isNew, regressed, fixed, top, movers, neverOpened, withoutOwner, old } = causes
  const counted = (cause: ReviewedCause): readonly string[] => [
    cause.id,
    cause.queue,
    cause.tier,
    number(cause.letters),
    number(cause.before),
    cause.isNew ? 'new' : cause.state,
    cause.owner ?? '–',
    cause.title,
  ]
  const waiting = (cause: WaitingCause): readonly string[] => [
    cause.id,
    cause.queue,
    number(cause.waiting),
    age(cause.oldestAt, madeAt),
    cause.title,
  ]
  const countedColumns = ['cause', 'queue', 'tier', '#letters', '#before', 'state', 'owner', 'title']
  const waitingColumns = ['cause', 'queue', '#waiting', 'oldest', 'title']
  return [
    heading('Causes'),
    text(
      `${number(count)} with letters in this time: ${number(isNew)} new, ${number(regressed)} regressed. ${number(fixed)} were fixed.`,
    ),
    ...titled('Most letters', countedColumns, top.map(counted)),
    ...titled('Moved most', countedColumns, movers.map(counted)),
    ...titled('Never looked at', waitingColumns, neverOpened.shown.map(waiting), neverOpened.count),
    ...titled('Without an owner', waitingColumns, withoutOwner.shown.map(waiting), withoutOwner.count),
    ...titled('Waiting for more than a week', waitingColumns, old.shown.map(waiting), old.count),
  ]
}

function runBlocks({ runs, automatic }: Review): readonly Block[] {
  if (runs.count === 0) return [heading('Replays'), text('Nothing was replayed.')]
  const states = Object.entries(runs.byState).map(([state, count]) => `${count} ${state}`)
  return [
    heading('Replays'),
    text(
      `${number(runs.count)} started (${states.join(', ')}): ${number(runs.sent)} letters sent, ${number(runs.confirmed)} confirmed, ${number(runs.returned)} came back, ${number(runs.uncertain)} uncertain.`,
    ),
    ...automatic.shown.map((policy) => text(automaticLine(policy))),
    table(
      ['run', 'by', 'state', '#letters', '#sent', '#confirmed', '#came back', '#uncertain', 'canary', 'why it stopped'],
      runs.shown.map((run) => [
        run.id,
        run.by,
        run.state,
        number(run.letters),
        number(run.sent),
        number(run.confirmed),
        number(run.returned),
        number(run.uncertain),
        run.canary === 0 ? 'none' : (run.verdict ?? 'not judged'),
        run.problem ?? '–',
      ]),
    ),
    ...more(runs.count - runs.shown.length - automatic.shown.reduce((sum, each) => sum + each.runs, 0), 'runs'),
  ]
}

function automaticLine(policy: Review['automatic']['shown'][number]): string {
  const { queue, tier, runs, passed, failed, cancelled, sent, confirmed, returned, isStopped } = policy
  return `By itself, ${tier} letters of ${queue}: ${number(runs)} runs (${passed} passed, ${failed} failed, ${cancelled} cancelled), ${number(sent)} letters sent, ${number(confirmed)} confirmed, ${number(returned)} came back${isStopped ? '; it is stopped now' : ''}.`
}

function alertBlocks({ alerts }: Review): readonly Block[] {
  const { raised, notices, byRule, minutesToTake, minutesToEnd, noisy, ignored } = alerts
  if (raised + notices === 0) return [heading('Alerts'), text('None.')]
  const half = (minutes: number | null, what: string): string =>
    minutes === null ? `none was ${what}` : `half of those that were ${what} were so within ${minutes} min`
  return [
    heading('Alerts'),
    text(
      `${number(raised)} raised, ${number(notices)} notices written; ${half(minutesToTake, 'taken')}, ${half(minutesToEnd, 'over')}.`,
    ),
    table(
      ['rule', '#raised', '#taken'],
      byRule.map(({ rule, raised: of, taken }) => [rule, number(of), number(taken)]),
    ),
    ...titled(
      'Said more than five times, taken by nobody',
      ['alert', 'rule', '#said', 'title'],
      noisy.shown.map(({ id, rule, said, title }) => [id, rule, number(said), title]),
      noisy.count,
    ),
    ...titled(
      'Raised more than a week ago, taken by nobody',
      ['alert', 'rule', 'since', 'title'],
      ignored.shown.map(({ id, rule, raisedAt, title }) => [id, rule, raisedAt.slice(0, 10), title]),
      ignored.count,
    ),
  ]
}

function discardBlocks({ discards: { count, shown } }: Review): readonly Block[] {
  if (count === 0) return []
  return [
    heading('Discarded'),
    table(
      ['#letters', 'by', 'reason'],
      shown.map(({ letters, by, reason }) => [number(letters), by.join(', '), reason]),
    ),
    ...more(count - shown.length, 'reasons'),
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
      `Within seven days ${number(retention.delete)} letters are deleted and ${number(retention.archive)} archived${asks === 0 ? '' : ', once a person says so'}.`,
    ),
    ...titled(
      'Kept although their time is over or will be, for nobody has looked at their causes',
      ['queue', '#letters', '#causes'],
      unseen.map(({ queue, letters, causes }) => [queue, number(letters), number(causes)]),
    ),
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
  return items.length === 0 ? [] : [heading('Hygiene'), { kind: 'list', items }]
}

function titled(
  title: string,
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  count: number = rows.length,
): readonly Block[] {
  return rows.length === 0 ? [] : [text(`${title}:`), table(columns, rows), ...more(count - rows.length, 'causes')]
}

function heading(title: string): Block {
  return { kind: 'heading', level: 2, text: title }
}

function text(line: string): Block {
  return { kind: 'text', text: line }
}

/** @param columns titles; those of numbers begin with `#` */
function table(columns: readonly string[], rows: readonly (readonly string[])[]): Block {
  return {
    kind: 'table',
    columns: columns.map((title) => ({ title: title.replace(/^#/, ''), isNumber: title.startsWith('#') })),
    rows,
  }
}

function more(count: number, what: string): readonly Block[] {
  return count > 0 ? [text(`${number(count)} more ${what}.`)] : []
}

function number(count: number): string {
  return count.toLocaleString('en-US')
}

/** Nothing known is no zero, and neither is little. */
function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return '–'
  return share > 0 && share < 0.001 ? '< 0.1 %' : `${(share * 100).toFixed(1)} %`
}

function signed(count: number): string {
  return count > 0 ? `+${number(count)}` : number(count)
}

function minute(time: string): string {
  return time.slice(0, 16).replace('T', ' ')
}

function age(since: string, now: string): string {
  const hours = Math.max(0, Math.floor((Date.parse(now) - Date.parse(since)) / 3_600_000))
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`
}
