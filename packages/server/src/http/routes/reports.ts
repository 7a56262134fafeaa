import { RedriveError } from '@redrive/worker'
import { type TSchema, Type } from 'typebox'
import { compareRuns, listRunLetters, reportOf } from '../../replay/index.ts'
import { parseRunId } from '../../store/ids.ts'
import { type Route, route } from '../route.ts'
import { closed, count, idParams, orNull, text, time } from '../schemas.ts'
import { planView } from './plans.ts'
import { oneOf, runView } from './run-view.ts'

const outcomes = ['confirmed', 'returned', 'presumed', 'unknown', 'pending'] as const
const result = oneOf(...outcomes, 'notSent', 'waiting')

const results: TSchema = Type.Object(
  {
    letters: count(),
    confirmed: count(),
    returned: count(),
    presumed: count(),
    unknown: count(),
    pending: count(),
    notSent: count(),
    waiting: count(),
  },
  closed,
)

const runLetter = Type.Object(
  {
    ordinal: count(),
    letter: text(),
    queue: text(),
    cause: text(),
    broker: text(),
    place: text(),
    replay: orNull(text()),
    state: oneOf('waiting', 'intended', 'sent', 'not-sent', 'uncertain'),
    outcome: oneOf(...outcomes, 'none'),
    why: orNull(text()),
    partition: orNull(text()),
    position: orNull(text()),
    intendedAt: orNull(time()),
    outcomeAt: orNull(time()),
    returnedAs: orNull(text()),
  },
  closed,
)

const report = Type.Object(
  {
    run: runView,
    plan: planView,
    events: Type.Array(
      Type.Object({ at: time(), actor: text(), action: text(), reason: orNull(text()), rule: orNull(text()) }, closed),
    ),
    seconds: Type.Object({ sending: orNull(Type.Number()), outcomes: orNull(Type.Number()) }, closed),
    causes: Type.Array(Type.Object({ cause: orNull(text()), title: orNull(text()), results }, closed)),
    destinations: Type.Array(Type.Object({ broker: text(), place: text(), results }, closed)),
  },
  closed,
)

export const reportRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/runs/:id/letters',
    summary: 'What became of each letter of a run, in the order of sending',
    schemas: {
      params: idParams,
      query: Type.Object(
        {
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 200 })),
          after: Type.Optional(Type.String({ description: '`next` of the page before.', maxLength: 10 })),
        },
        closed,
      ),
      answer: Type.Object({ letters: Type.Array(runLetter), next: orNull(text()) }, closed),
    },
    handle: async ({ office, params, query }) => {
      const limit = query.limit ?? 200
      const letters = await listRunLetters(office.store, {
        run: parseRunId(params.id),
        after: ordinalOf(query.after),
        limit,
      })
      return { letters, next: letters.length < limit ? null : String(letters.at(-1)?.ordinal) }
    },
  }),
  route({
    method: 'GET',
    path: '/runs/:id/report',
    summary: "A run's receipt: who, why, what was done and what became of it",
    schemas: { params: idParams, answer: report },
    handle: ({ office, params }) => reportOf(office.store, parseRunId(params.id)),
  }),
  route({
    method: 'GET',
    path: '/runs/:id/compare/:other',
    summary: 'Two runs side by side, and what changed for letters that were in both',
    schemas: {
      params: Type.Object(
        {
          id: Type.String({ minLength: 1, maxLength: 64 }),
          other: Type.String({ description: 'The later one.', minLength: 1, maxLength: 64 }),
        },
        closed,
      ),
      answer: Type.Object(
        {
          before: runView,
          after: runView,
          both: count(),
          changes: Type.Array(Type.Object({ before: result, after: result, letters: count() }, closed)),
        },
        closed,
      ),
    },
    handle: ({ office, params }) =>
      compareRuns(office.store, { before: parseRunId(params.id), after: parseRunId(params.other) }),
  }),
]

function ordinalOf(after: string | undefined): number {
  if (after === undefined) return -1
  const ordinal = Number(after)
  if (/^\d+$/.test(after) && ordinal <= 1_000_000) return ordinal
  throw new RedriveError('REQUEST_INVALID', '`after` is not the `next` of a page.')
}
