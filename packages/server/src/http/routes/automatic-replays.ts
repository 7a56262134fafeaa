import { type TSchema, Type } from 'typebox'
import {
  type AutomaticView,
  leftOutReasons,
  resumeAutomatic,
  showAutomatic,
  stopAutomatic,
} from '../../automatic/index.ts'
import type { OfficeServices, Route } from '../route.ts'
import { route } from '../route.ts'
import { by, closed, count, maxQueueName, orNull, said, text, tier, time } from '../schemas.ts'

const policy = Type.Object(
  {
    queue: text(),
    tier,
    when: Type.Enum(['by-hand', 'healthy', 'fixed']),
    state: Type.Enum(['by-hand', 'waiting', 'running', 'backing-off', 'stopped']),
    why: text('Why nothing is sent now, or what is.'),
    nextAt: orNull({ ...time(), description: 'When it may send again, where that is a matter of time.' } as TSchema),
    sentInHour: count(),
    perHour: count(),
    leftOut: Type.Partial(Type.Object(Object.fromEntries(leftOutReasons.map((reason) => [reason, count()])), closed), {
      description: 'Letters that are left out, by why, as far as they were looked at.',
    }),
    failures: { ...count(), description: 'Failed runs in a row.' } as TSchema,
    stopAfter: count(),
    stopped: orNull(Type.Object({ by: text(), why: orNull(text()) }, closed)),
    healthUrl: orNull(text()),
    unhealthySince: orNull(time()),
    afterMs: count(),
    retryEveryMs: count(),
    canary: count(),
    pace: count(),
    times: count(),
    lastRun: orNull(
      Type.Object(
        { run: text(), verdict: orNull(Type.Enum(['passed', 'failed', 'cancelled'])), why: orNull(text()) },
        { ...closed, description: 'Its verdict is null while it goes on.' },
      ),
    ),
  } satisfies Record<keyof AutomaticView, TSchema>,
  closed,
)

const answer = Type.Object({ policies: Type.Array(policy) }, closed)
const body = Type.Object(
  {
    queue: Type.String({ minLength: 1, maxLength: maxQueueName, pattern: '^[^\\u0000]*$' }),
    tier,
    by,
    reason: said(2_000, 'Why; kept in the audit trail.'),
  },
  closed,
)

async function shown({
  store,
  automatic,
  brokers,
}: OfficeServices): Promise<{ readonly policies: readonly AutomaticView[] }> {
  return { policies: await showAutomatic(store, { tiers: automatic, brokers: [...brokers.keys()] }) }
}

export const automaticReplayRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/automatic-replays',
    summary: 'What is sent again without a person, by queue and tier, and why nothing is sent now',
    schemas: { answer },
    handle: ({ office }) => shown(office),
  }),
  route({
    method: 'POST',
    path: '/automatic-replays/stop',
    summary: 'Send nothing more without a person, of a queue and tier; a run that goes on is cancelled',
    schemas: { body, answer },
    handle: async ({ office, body: { by: name, ...request }, caller }) => {
      await stopAutomatic(office.store, { ...request, by: `${name} (token ${caller})` })
      return shown(office)
    },
  }),
  route({
    method: 'POST',
    path: '/automatic-replays/resume',
    summary: 'Begin anew after a stop, whoever stopped it; failed runs do not count any more',
    schemas: { body, answer },
    handle: async ({ office, body: { by: name, ...request }, caller }) => {
      await resumeAutomatic(office.store, { ...request, by: `${name} (token ${caller})` })
      return shown(office)
    },
  }),
]
