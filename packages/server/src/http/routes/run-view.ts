import { type TSchema, Type } from 'typebox'
import { closed, count, orNull, text, time } from '../schemas.ts'

/** One of these words. */
export const oneOf = (...values: string[]): TSchema => Type.Union(values.map((value) => Type.Literal(value)))

export const runView: TSchema = Type.Object(
  {
    id: text(),
    plan: text(),
    state: oneOf('running', 'paused', 'halted', 'cancelled', 'done'),
    stage: oneOf('canary', 'ramp', 'full'),
    verdict: orNull(oneOf('pass', 'fail', 'inconclusive', 'overridden')),
    stopped: orNull(Type.Object({ why: text(), rule: orNull(text()), advice: orNull(text()) }, closed)),
    startedBy: text(),
    startedAt: time(),
    finishedAt: orNull(time()),
    planned: count(),
    progressed: count(),
    sends: Type.Object({ intended: count(), sent: count(), notSent: count(), uncertain: count() }, closed),
    outcomes: Type.Object(
      { pending: count(), confirmed: count(), returned: count(), presumed: count(), unknown: count() },
      closed,
    ),
  },
  closed,
)
