import { counted, number, verb } from './counted.ts'
import type { Review } from './review.ts'

interface Said extends Pick<Review, 'causes' | 'total' | 'before' | 'week' | 'to' | 'madeAt'> {
  /** When it was made. */
  readonly waitsNow: number
}

/** `12 causes, 4,310 letters came in (2,100 the week before), 3,900 replayed, 120 discarded; 290 waited at the end.` */
export function headline({ causes, total, before, week, ...said }: Said): string {
  const past = week === null ? 'the days before' : 'the week before'
  const waiting = whatWaits(total.waiting, said)
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

/** Of a time that is over, what waited when it ended, and what waited when somebody could look, where that is not the same. */
function whatWaits(waited: number, { to, madeAt, waitsNow }: Pick<Said, 'to' | 'madeAt' | 'waitsNow'>): string {
  if (to === madeAt) return waited === 0 ? 'nothing waits' : `${number(waited)} ${verb(waited, 'wait', 'waits')}`
  const then = waited === 0 ? 'nothing waited at the end' : `${number(waited)} waited at the end`
  if (waited === waitsNow) return then
  return `${then}, ${waitsNow === 0 ? 'nothing' : number(waitsNow)} when this was made`
}
