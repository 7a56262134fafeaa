import type { Fact } from '../../alerts/index.ts'
import type { Review } from '../review.ts'

const mostFacts = 10
const mostQueues = 5
const mostOfText = 200

/** What is said of a review to people: its sentence, the queues with most to do, and what to decide first. */
export function noticeOf(
  { week, headline, queues, decisions }: Review,
  nowMs: number,
): {
  readonly change: 'review'
  readonly rule: 'review'
  readonly queue: null
  readonly owner: null
  readonly title: string
  readonly facts: readonly Fact[]
  readonly next: string
  readonly at: string
} {
  const ofQueues = queues.shown
    .filter(({ cameIn, waiting }) => cameIn + waiting > 0)
    .slice(0, mostQueues)
    .map(({ name, cameIn, replayed, discarded, waiting, hygiene: { score } }) => ({
      name: cut(name),
      value: `${cameIn} in, ${replayed} replayed, ${discarded} discarded, ${waiting} waiting${score === null ? '' : `; hygiene ${score}`}`,
    }))
  const toDecide = decisions.shown
    .slice(0, mostFacts - ofQueues.length - 1)
    .map(({ what, why, command }) => ({ name: 'to decide', value: `${cut(`${what} (${why})`)}: ${command}` }))
  const left = decisions.count - toDecide.length
  return {
    change: 'review',
    rule: 'review',
    queue: null,
    owner: null,
    title: cut(`Review ${week ?? ''}: ${headline}`),
    facts: [...ofQueues, ...toDecide, ...(left > 0 ? [{ name: 'to decide', value: `${left} more` }] : [])],
    next: `redrive review ${week ?? ''}`.trim(),
    at: new Date(nowMs).toISOString(),
  }
}

function cut(text: string): string {
  const characters = Array.from(text.slice(0, 4 * mostOfText).toWellFormed())
  return characters.length <= mostOfText ? characters.join('') : `${characters.slice(0, mostOfText - 1).join('')}…`
}
