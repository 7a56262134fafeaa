import { documentCommand, shellWord } from '../queues/index.ts'
import type { Decision, Review, WaitingCause } from './review.ts'

type Found = Pick<Review, 'alerts' | 'retention'> & {
  readonly queues: Review['queues']['shown']
  readonly causes: Pick<Review['causes'], 'neverOpened' | 'withoutOwner' | 'old'>
  /** All that stand still, not only those of the span. */
  readonly stopped: readonly {
    readonly id: string
    readonly state: string
    readonly problem: string | null
    readonly unsent: number
  }[]
  readonly uncertain: readonly { readonly queue: string; readonly letters: number }[]
}

/** What somebody has to decide, what loses most by waiting first: stopped runs and uncertain letters, then causes, then habits. */
export function decide({ queues, causes, alerts, retention, stopped, uncertain }: Found): readonly Decision[] {
  const unopened = new Set(causes.neverOpened.shown.map(({ id }) => id))
  const unowned = Map.groupBy(causes.withoutOwner.shown, ({ queue }) => queue)
  return [
    ...stopped.map(({ id, state, problem, unsent }) => ({
      what: `${id} is ${state}, with ${counted(unsent, 'letter')} unsent`,
      why: problem ?? 'nobody said why',
      command: `redrive replay watch ${id}`,
    })),
    ...uncertain.map(({ queue, letters }) => ({
      what: `${counted(letters, 'uncertain letter')} in ${queue}`,
      why: 'nobody knows whether their replay arrived',
      command: `redrive uncertain list --queue ${shellWord(queue)}`,
    })),
    ...(retention.asks === 0
      ? []
      : [
          {
            what: `${counted(retention.asks, 'letter')} whose time is over`,
            why: 'so many at once are not ended before a person says that this is meant',
            command: 'redrive retention',
          },
        ]),
    ...causes.neverOpened.shown.map((cause) => ({
      ...about(cause),
      why: 'nobody has looked at it',
      command: `redrive cause show ${cause.id}`,
    })),
    ...causes.old.shown
      .filter(({ id }) => !unopened.has(id))
      .map((cause) => ({
        ...about(cause),
        why: `waits since ${cause.oldestAt.slice(0, 10)}: replay or discard`,
        command: `redrive replay plan --cause ${cause.id}`,
      })),
    ...[...unowned].map(([queue, of]) => ({
      what: `${counted(of.length, 'cause')} of ${queue} that nobody owns`,
      why: `${counted(
        of.reduce((sum, { waiting }) => sum + waiting, 0),
        'letter',
      )} wait`,
      command: documentCommand(queue, ['owner']) ?? '',
    })),
    ...alerts.ignored.shown.map(({ id, title, raisedAt }) => ({
      what: title,
      why: `somebody is told of it since ${raisedAt.slice(0, 10)}, and nobody took it: take it, or change its limit`,
      command: `redrive alert show ${id}`,
    })),
    ...alerts.noisy.shown
      .filter(({ id }) => !alerts.ignored.shown.some((each) => each.id === id))
      .map(({ id, title, said }) => ({
        what: title,
        why: `was said ${said} times, and nobody took it: raise its limit, or route it to whom it concerns`,
        command: `redrive alert show ${id}`,
      })),
    ...queues.flatMap(({ name, hygiene }) =>
      hygiene.patterns
        .filter(({ pattern, state, next }) => state === 'bad' && pattern !== 'untriaged' && next !== null)
        .map(({ why, next }) => ({ what: name, why, command: next ?? '' })),
    ),
  ]
}

function about({ queue, title, waiting }: WaitingCause): Pick<Decision, 'what'> {
  return { what: `${counted(waiting, 'letter')} of ${queue}: ${title}` }
}

function counted(number: number, what: string): string {
  return `${number.toLocaleString('en-US')} ${what}${number === 1 ? '' : 's'}`
}
