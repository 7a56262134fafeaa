import { tiers } from '@redrive/worker'
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
import { stoppedView } from '../stopped-view.ts'

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
    ready: count(),
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

const answer = Type.Object(
  {
    tiers: Type.Array(Type.Object({ tier, when: Type.Enum(['healthy', 'fixed']) }, closed), {
      description: 'What holds in all queues that say nothing else.',
    }),
    policies: Type.Array(policy, {
      description:
        'Of queues that say so themselves, that have open letters, or that something is remembered of; at most 1,000.',
    }),
  },
  closed,
)
const body = Type.Object(
  {
    queue: Type.String({ minLength: 1, maxLength: maxQueueName, pattern: '^[^\\u0000]*$' }),
    tier,
    by,
    reason: said(2_000, 'Why; kept in the audit trail.'),
  },
  closed,
)

async function shown({ store, automatic, brokers }: OfficeServices): Promise<unknown> {
  const said = tiers.map((each) => ({ tier: each, when: automatic[each]?.when ?? 'by-hand' }))
  return {
    tiers: said.filter(({ when }) => when !== 'by-hand'),
    policies: await showAutomatic(store, { tiers: automatic, brokers: [...brokers.keys()] }),
  }
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
    summary:
      'Send nothing more without a person, of a queue and tier; a run that goes on is cancelled; answers when nothing is on its way any more',
    schemas: { body, answer },
    handle: async ({ office, body: { by: name, ...request }, caller }) => {
      const run = await stopAutomatic(office.store, { ...request, by: `${name} (token ${caller})` })
      if (run !== null) await stoppedView(office, run)
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
