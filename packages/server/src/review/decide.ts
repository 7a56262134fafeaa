import { queueOption, shellWord } from '../queues/index.ts'
import { counted, verb } from './counted.ts'
import type { Hygiene, PatternState } from './judge-hygiene.ts'
import type { Decision, Review, WaitingCause } from './review.ts'

/** All there is of each, not only what is shown. */
export interface Found {
  readonly queues: readonly {
    readonly name: string
    readonly hygiene: Hygiene
    /** Letters that went there before they were captured. */
    readonly lostAtSource: number
  }[]
  /** Of each those with most letters first. */
  readonly causes: {
    readonly neverOpened: readonly WaitingCause[]
    readonly withoutOwner: readonly WaitingCause[]
    readonly old: readonly WaitingCause[]
  }
  readonly alerts: {
    readonly ignored: Review['alerts']['ignored']['shown']
    readonly noisy: Review['alerts']['noisy']['shown']
  }
  /** Letters that are not ended before a person says so. */
  readonly asks: number
  /** Also those that were started before the span. */
  readonly stopped: readonly {
    readonly id: string
    readonly state: string
    readonly problem: string | null
    readonly unsent: number
  }[]
  readonly uncertain: readonly { readonly queue: string; readonly letters: number }[]
}

const mostNames = 3

/** What somebody has to decide, what loses most by waiting first: what is lost at its source, stopped runs and uncertain letters, then causes, then habits. */
export function decide({ queues, causes, alerts, asks, stopped, uncertain }: Found): readonly Decision[] {
  const bad = queues.flatMap(({ name, hygiene, lostAtSource }) =>
    hygiene.patterns
      .filter(({ state }) => state === 'bad')
      .map((pattern) => ({ name, pattern, isLoss: isLoss(pattern, lostAtSource) })),
  )
  return [
    ...ofHygiene(bad.filter((each) => each.isLoss)),
    ...stopped.map(({ id, state, problem, unsent }) => ({
      what: `${id} is ${state}, with ${counted(unsent, 'letter')} unsent`,
      why: problem ?? 'nobody said why',
      command: `redrive replay watch ${id}`,
    })),
    ...uncertain.map(({ queue, letters }) => ({
      what: `${counted(letters, 'uncertain letter')} in ${queue}`,
      why: `nobody knows whether ${verb(letters, 'their', 'its')} replay arrived`,
      command: `redrive uncertain list ${queueOption(queue)}`,
    })),
    ...(asks === 0
      ? []
      : [
          {
            what: `${counted(asks, 'letter')} whose time is over`,
            why: 'so many at once are not ended before a person says that this is meant',
            command: 'redrive retention',
          },
        ]),
    ...ofCauses(causes),
    ...ofAlerts(alerts),
    ...ofHygiene(bad.filter((each) => !each.isLoss && each.pattern.pattern !== 'untriaged')),
  ]
}

/** What dies is not kept at all, or was deleted before it was; a policy that ends letters unseen can wait. */
function isLoss({ pattern }: PatternState, lostAtSource: number): boolean {
  return pattern === 'not-captured' || (pattern === 'retention-too-short' && lostAtSource > 0)
}

function ofCauses({ neverOpened, withoutOwner, old }: Found['causes']): readonly Decision[] {
  const unopened = new Set(neverOpened.map(({ id }) => id))
  const about = ({ queue, title, waiting }: WaitingCause): string =>
    `${counted(waiting, 'letter')} of ${queue}: ${title}`
  return [
    ...neverOpened.map((cause) => ({
      what: about(cause),
      why: 'nobody has looked at it',
      command: `redrive cause show ${cause.id}`,
    })),
    ...old
      .filter(({ id }) => !unopened.has(id))
      .map((cause) => ({
        what: about(cause),
        why: `waits since ${cause.oldestAt.slice(0, 10)}: replay or discard`,
        command: `redrive replay plan --cause ${cause.id}`,
      })),
    ...[...Map.groupBy(withoutOwner, ({ queue }) => queue)].map(([queue, of]) => {
      const letters = of.reduce((sum, { waiting }) => sum + waiting, 0)
      return {
        what: `${counted(of.length, 'cause')} of ${queue} that nobody owns`,
        why: `${counted(letters, 'letter')} ${verb(letters, 'wait', 'waits')}`,
        // It says how to name one: what a command says for a name nobody has yet would become the owner.
        command: `redrive queue show ${shellWord(queue)}`,
      }
    }),
  ]
}

function ofAlerts({ ignored, noisy }: Found['alerts']): readonly Decision[] {
  const old = new Set(ignored.map(({ id }) => id))
  return [
    ...ignored.map(({ id, title, raisedAt }) => ({
      what: title,
      why: `somebody is told of it since ${raisedAt.slice(0, 10)}, and nobody took it: take it, or change its limit`,
      command: `redrive alert show ${id}`,
    })),
    ...noisy
      .filter(({ id }) => !old.has(id))
      .map(({ id, title, said }) => ({
        what: title,
        why: `was said ${said} times, and nobody took it: raise its limit, or route it to whom it concerns`,
        command: `redrive alert show ${id}`,
      })),
  ]
}

/** Where many queues have the same, it is mended once. */
function ofHygiene(bad: readonly { readonly name: string; readonly pattern: PatternState }[]): readonly Decision[] {
  const known = bad.flatMap(({ name, pattern: { why, next } }) => (next === null ? [] : [{ name, why, next }]))
  return [...Map.groupBy(known, ({ why, next }) => `${next}\n${why}`).values()].flatMap((alike) => {
    const [first] = alike
    return first === undefined ? [] : [{ what: named(alike), why: first.why, command: first.next }]
  })
}

function named(queues: readonly { readonly name: string }[]): string {
  const names = queues.slice(0, mostNames).map(({ name }) => name)
  if (queues.length === 1) return names.join('')
  const left = queues.length - names.length
  const list = left > 0 ? `${names.join(', ')} and ${left} more` : names.join(', ')
  return `${counted(queues.length, 'queue')}, ${list}`
}
