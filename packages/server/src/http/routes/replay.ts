import { Type } from 'typebox'
import { createPlan, listRuns, showPlan, showRun, startRun } from '../../replay/index.ts'
import { parsePlanId, parseRunId } from '../../store/ids.ts'
import { type Route, route } from '../route.ts'
import { by, closed, count, counts, idParams, orNull, said, selection, text, time } from '../schemas.ts'

const destination = Type.Union([Type.Literal('lane'), Type.Literal('origin')], {
  description:
    "lane: to the retry lane of the consumer that failed. origin: to the message's first place, and so to all who read it.",
  default: 'lane',
})

const planView = Type.Object(
  {
    id: text(),
    createdAt: time(),
    createdBy: text(),
    reason: orNull(text()),
    selection: Type.Unknown(),
    cutoff: time(),
    destination,
    pace: count(),
    letters: count(),
    bytes: count(),
    expectedSeconds: count(),
    oldestCapturedAt: orNull(time()),
    skipped: counts,
    places: Type.Array(Type.Object({ broker: text(), place: text(), letters: count() }, closed)),
    queues: Type.Array(Type.Object({ queue: text(), letters: count() }, closed)),
    digest: text(),
    run: orNull(text()),
  },
  closed,
)

const runView = Type.Object(
  {
    id: text(),
    plan: text(),
    state: Type.Union([Type.Literal('running'), Type.Literal('done'), Type.Literal('failed')]),
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

export const replayRoutes: readonly Route[] = [
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
          pace: Type.Optional(
            Type.Integer({ description: 'Letters a second.', minimum: 1, maximum: 100_000, default: 50 }),
          ),
          by,
          reason: Type.Optional(said(2_000, 'Why; kept in the audit trail.')),
        },
        closed,
      ),
      answer: planView,
    },
    handle: async ({ office, body, caller }) => {
      const id = await createPlan(office.store, office.brokers, {
        selection: body.selection,
        destination: body.destination ?? 'lane',
        pace: body.pace ?? 50,
        by: `${body.by} (token ${caller})`,
        reason: body.reason ?? null,
        nowMs: office.clock.now(),
      })
      return showPlan(office.store, id)
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
    handle: async ({ office, params, body, caller }) => {
      const run = await startRun(office.store, {
        plan: parsePlanId(params.id),
        by: `${body.by} (token ${caller})`,
        ...(body.expect === undefined ? {} : { expect: body.expect }),
      })
      office.wakeReplayer()
      return showRun(office.store, run)
    },
  }),
  route({
    method: 'GET',
    path: '/runs',
    summary: 'Runs, newest first',
    schemas: {
      query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 20 })) }, closed),
      answer: Type.Object({ runs: Type.Array(runView) }, closed),
    },
    handle: async ({ office, query }) => ({ runs: await listRuns(office.store, query.limit ?? 20) }),
  }),
  route({
    method: 'GET',
    path: '/runs/:id',
    summary: 'A run: what was sent and what became of it',
    schemas: { params: idParams, answer: runView },
    handle: ({ office, params }) => showRun(office.store, parseRunId(params.id)),
  }),
]
