import { Type } from 'typebox'
import { cancelRun, listRuns, pauseRun, resumeRun, showRun } from '../../replay/index.ts'
import { parseRunId } from '../../store/ids.ts'
import type { Store } from '../../store/store.ts'
import { type Route, route } from '../route.ts'
import { by, closed, idParams, said } from '../schemas.ts'
import { stoppedView } from '../stopped-view.ts'
import { runView } from './run-view.ts'

export const runRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/runs',
    summary: 'Runs, newest first',
    schemas: {
      query: Type.Object(
        {
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 20 })),
          state: Type.Optional(
            Type.Union(
              (['running', 'paused', 'halted', 'cancelled', 'done'] as const).map((state) => Type.Literal(state)),
            ),
          ),
        },
        closed,
      ),
      answer: Type.Object({ runs: Type.Array(runView) }, closed),
    },
    handle: async ({ office, query }) => ({
      runs: await listRuns(office.store, { limit: query.limit ?? 20, state: query.state ?? null }),
    }),
  }),
  route({
    method: 'GET',
    path: '/runs/:id',
    summary: 'A run: what was sent and what became of it',
    schemas: { params: idParams, answer: runView },
    handle: ({ office, params }) => showRun(office.store, parseRunId(params.id)),
  }),
  stopRoute('pause', 'Send nothing more until it is resumed; answers when nothing is on its way any more', pauseRun),
  stopRoute('resume', 'Go on, also despite the rule or the canary that stopped it', resumeRun),
  stopRoute('cancel', 'End a run: what it has not sent is open again', cancelRun),
]

function stopRoute(
  name: 'pause' | 'resume' | 'cancel',
  summary: string,
  change: (store: Store, request: { run: string; by: string; reason: string | null }) => Promise<void>,
): Route {
  return route({
    method: 'POST',
    path: `/runs/:id/${name}`,
    summary,
    schemas: {
      params: idParams,
      body: Type.Object({ by, reason: Type.Optional(said(2_000, 'Why; kept in the audit trail.')) }, closed),
      answer: runView,
    },
    handle: async ({ office, params, body, caller, reply }) => {
      const run = parseRunId(params.id)
      // To open a million letters again takes a while, in which nothing is said.
      reply.raw.socket?.setTimeout(0)
      await change(office.store, { run, by: `${body.by} (token ${caller})`, reason: body.reason ?? null })
      office.wakeReplayer()
      return name === 'resume' ? showRun(office.store, run) : stoppedView(office, run)
    },
  })
}
