import { counted, number } from '../counted.ts'
import type { Review } from '../review.ts'
import { type Block, heading, table, text, titled } from './block.ts'

/** What stands since before this time is there also when nothing new was raised in it. */
export function alertBlocks({ alerts }: Review): readonly Block[] {
  const { byRule, noisy, ignored } = alerts
  return [
    heading('Alerts'),
    text(raisedLine(alerts)),
    ...table(
      ['rule', '#raised', '#taken'],
      byRule.map(({ rule, raised, taken }) => [rule, number(raised), number(taken)]),
    ),
    ...titled('Said more than five times, taken by nobody', {
      columns: ['alert', 'rule', '#said', 'title'],
      rows: noisy.shown.map(({ id, rule, said, title }) => [id, rule, number(said), title]),
      count: noisy.count,
      one: 'alert',
    }),
    ...titled('Raised more than a week ago, taken by nobody', {
      columns: ['alert', 'rule', 'since', 'title'],
      rows: ignored.shown.map(({ id, rule, raisedAt, title }) => [id, rule, raisedAt.slice(0, 10), title]),
      count: ignored.count,
      one: 'alert',
    }),
  ]
}

function raisedLine({ raised, notices, minutesToTake, minutesToEnd }: Review['alerts']): string {
  if (raised + notices === 0) return 'None was raised in this time.'
  const written = `${number(raised)} raised, ${counted(notices, 'notice')} written`
  if (raised === 0) return `${written}.`
  const half = (minutes: number | null, what: string): string =>
    minutes === null
      ? `none was ${what}`
      : `half of those that were ${what} were so within ${minutes < 1 ? 'a minute' : `${minutes} min`}`
  return `${written}; ${half(minutesToTake, 'taken')}, ${half(minutesToEnd, 'over')}.`
}
