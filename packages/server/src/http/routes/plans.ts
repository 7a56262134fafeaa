import { type TSchema, Type } from 'typebox'
import {
  createPlan,
  defaultControl,
  defaultHaltRules,
  defaultLimits,
  showPlan,
  showRun,
  startRun,
} from '../../replay/index.ts'
import { parsePlanId } from '../../store/ids.ts'
import { goneSignal } from '../gone-signal.ts'
import { type Route, route } from '../route.ts'
import { by, closed, count, counts, idParams, orNull, said, selection, text, time } from '../schemas.ts'
import { lookAtSelected } from './look-at-selected.ts'
import { runView } from './run-view.ts'

const destination = Type.Union(
  [
    Type.Literal('lane'),
    Type.Literal('origin'),
    Type.Object({ broker: said(200, "A connection's name."), place: said(249, 'A place that is there.') }, closed),
  ],
  {
    description:
      "lane: to the retry lane of the consumer that failed. origin: to the message's first place, and so to all who read it. {broker, place}: to a place of any connection, and so to all who read that.",
    default: 'lane',
  },
)

const whole = (description: string, bounds: { minimum: number; maximum: number; default?: number }) =>
  Type.Integer({ description, ...bounds })
const rule = (description: string, maximum: number, standard?: number) =>
  Type.Optional(
    Type.Union([
      Type.Integer({ description, minimum: 0, maximum, ...(standard === undefined ? {} : { default: standard }) }),
      Type.Null(),
    ]),
  )

const haltRules = Type.Object(
  {
    returnedPercent: rule('More of the last 200 outcomes are returns, from 20 on.', 100, 5),
    returnedInARow: rule('So many outcomes in a row are returns of the cause they had.', 200, 5),
    newCause: Type.Optional(
      Type.Boolean({ description: 'A letter came back with a cause nobody had seen before the run.', default: true }),
    ),
    notSentInARow: rule('So many sends in a row were refused or are uncertain.', 100_000, 20),
    lateSeconds: rule('Of the oldest sends nobody said so long what became of them.', 86_400),
    letters: rule('So many letters may be sent.', 1_000_000),
    seconds: rule('So long it may go on.', 2_592_000),
  },
  { ...closed, description: 'When the run stops by itself; null switches a rule off.' },
)

const controlView = Type.Object(
  {
    pace: count(),
    canary: count(),
    verdictSeconds: count(),
    rampFrom: count(),
    rampSeconds: count(),
    halt: Type.Object(
      {
        returnedPercent: orNull(count()),
        returnedInARow: orNull(count()),
        newCause: Type.Boolean(),
        notSentInARow: orNull(count()),
        lateSeconds: orNull(count()),
        letters: orNull(count()),
        seconds: orNull(count()),
      },
      closed,
    ),
  },
  closed,
)

export const planView: TSchema = Type.Object(
  {
    id: text(),
    createdAt: time(),
    createdBy: text(),
    reason: orNull(text()),
    selection: Type.Unknown(),
    cutoff: time(),
    destination,
    control: controlView,
    letters: count(),
    bytes: count(),
    expectedSeconds: count(),
    oldestCapturedAt: orNull(time()),
    skipped: counts,
    places: Type.Array(Type.Object({ broker: text(), place: text(), letters: count() }, closed)),
    queues: Type.Array(Type.Object({ queue: text(), letters: count() }, closed)),
    limits: Type.Object(
      { maxHops: count(), beyondCap: Type.Boolean(), skipSuperseded: Type.Boolean(), withHeld: Type.Boolean() },
      closed,
    ),
    superseded: orNull(count()),
    strips: Type.Array(text()),
    listeners: Type.Array(Type.Object({ queue: text(), consumers: Type.Array(text()) }, closed)),
    target: orNull(Type.Object({ system: text(), consumers: Type.Array(text()), facts: Type.Array(text()) }, closed)),
    changes: Type.Array(Type.Object({ what: text(), name: orNull(text()), letters: count() }, closed)),
    digest: text(),
    run: orNull(text()),
  },
  closed,
)

export const planRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/plans',
    summary: 'Freeze a set of letters to replay; sends nothing',
    status: 201,
    schemas: {
      body: Type.Object(
        {
          selection,
          destination: Type.Optional(destination),
          pace: Type.Optional(whole('Letters a second.', { minimum: 1, maximum: 100_000, default: 50 })),
          canary: Type.Optional(
            whole('So many letters go first and are judged; 0 for none.', { minimum: 0, maximum: 1_000, default: 5 }),
          ),
          verdictSeconds: Type.Optional(
            whole(
              "How long the canary's outcomes are waited for; without it as long as the letters' own retries took.",
              {
                minimum: 1,
                maximum: 86_400,
              },
            ),
          ),
          rampFrom: Type.Optional(
            whole('Letters a second at first; without it a tenth of the pace.', { minimum: 1, maximum: 100_000 }),
          ),
          rampSeconds: Type.Optional(
            whole('From there to the pace; 0 for at once.', { minimum: 0, maximum: 86_400, default: 30 }),
          ),
          halt: Type.Optional(haltRules),
          maxHops: Type.Optional(
            whole('Letters that died more often, over all their replays, are left out.', {
              minimum: 1,
              maximum: 1_000,
              default: 5,
            }),
          ),
          beyondCap: Type.Optional(
            Type.Boolean({
              description: 'Also letters over that cap, and letters that came back from a replay just now.',
              default: false,
            }),
          ),
          skipSuperseded: Type.Optional(
            Type.Boolean({
              description: 'Leaves letters out that have a newer one of their key in their queue.',
              default: false,
            }),
          ),
          withHeld: Type.Optional(
            Type.Boolean({
              description: 'Also letters that are held behind others of their key, before those are resolved.',
              default: false,
            }),
          ),
          by,
          reason: Type.Optional(said(2_000, 'Why; kept in the audit trail.')),
        },
        closed,
      ),
      answer: planView,
    },
    handle: async ({ office, body, caller, reply }) => {
      const by = `${body.by} (token ${caller})`
      const id = await createPlan(office.store, office.brokers, {
        selection: body.selection,
        destination: body.destination ?? 'lane',
        intakes: office.captures(),
        control: {
          pace: body.pace ?? defaultControl.pace,
          canary: body.canary ?? defaultControl.canary,
          verdictSeconds: body.verdictSeconds ?? null,
          rampFrom: body.rampFrom ?? null,
          rampSeconds: body.rampSeconds ?? defaultControl.rampSeconds,
          halt: { ...defaultHaltRules, ...body.halt },
        },
        limits: {
          ...defaultLimits,
          ...(body.maxHops === undefined ? {} : { maxHops: body.maxHops }),
          beyondCap: body.beyondCap ?? false,
          skipSuperseded: body.skipSuperseded ?? false,
          withHeld: body.withHeld ?? false,
        },
        by,
        reason: body.reason ?? null,
        nowMs: office.clock.now(),
        signal: goneSignal(reply),
      })
      const plan = await showPlan(office.store, id)
      await lookAtSelected(office.store, { selection: body.selection, letters: plan.letters, by })
      return plan
    },
  }),
  route({
    method: 'GET',
    path: '/plans/:id',
    summary: 'A plan: what would be sent, where, and what is left out',
    schemas: { params: idParams, answer: planView },
    handle: ({ office, params }) => showPlan(office.store, parsePlanId(params.id)),
  }),
  route({
    method: 'POST',
    path: '/plans/:id/run',
    summary: 'Carry a plan out, once',
    status: 201,
    schemas: {
      params: idParams,
      body: Type.Object(
        {
          by,
          expect: Type.Optional(
            Type.Integer({ description: 'Letters the caller believes are in it; another number refuses.', minimum: 0 }),
          ),
        },
        closed,
      ),
      answer: runView,
    },
    handle: async ({ office, params, body, caller, reply }) => {
      // A million letters take a while, in which nothing is said.
      reply.raw.socket?.setTimeout(0)
      const run = await startRun(office.store, {
        plan: parsePlanId(params.id),
        by: `${body.by} (token ${caller})`,
        ...(body.expect === undefined ? {} : { expect: body.expect }),
      })
      office.wakeReplayer()
      return showRun(office.store, run)
    },
  }),
]
