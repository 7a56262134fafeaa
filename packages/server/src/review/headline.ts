import type { Review } from './review.ts'

/** `12 causes, 4,310 letters came in (2,100 the week before), 3,900 replayed, 120 discarded; 290 wait.` */
export function headline({
  causes,
  total,
  before,
  week,
}: Pick<Review, 'causes' | 'total' | 'before' | 'week'>): string {
  const past = week === null ? 'the days before' : 'the week before'
  const waiting =
    total.waiting === 0 ? 'nothing waits' : `${number(total.waiting)} ${total.waiting === 1 ? 'waits' : 'wait'}`
  if (total.cameIn === 0) {
    const nothing = before.cameIn === 0 ? 'No letter came in' : `No letter came in (${number(before.cameIn)} ${past})`
    return `${nothing}; ${waiting}.`
  }
  const done = [
    ...(total.replayed === 0 ? [] : [`${number(total.replayed)} replayed`]),
    ...(total.discarded === 0 ? [] : [`${number(total.discarded)} discarded`]),
  ]
  return `${[
    counted(causes.count, 'cause'),
    `${counted(total.cameIn, 'letter')} came in (${number(before.cameIn)} ${past})`,
    ...done,
  ].join(', ')}; ${waiting}.`
}

function counted(count: number, what: string): string {
  return `${number(count)} ${what}${count === 1 ? '' : 's'}`
}

function number(count: number): string {
  return count.toLocaleString('en-US')
}
