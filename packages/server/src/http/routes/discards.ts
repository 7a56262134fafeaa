import { type TSchema, Type } from 'typebox'
import {
  discardLetters,
  listDiscards,
  planDiscard,
  runDiscard,
  showDiscard,
  undoDays,
  undoDiscard,
} from '../../letters/index.ts'
import { parseDiscardId } from '../../store/ids.ts'
import { type Route, route } from '../route.ts'
import { by, closed, count, idParams, orNull, pageQuery, said, selection, text, time } from '../schemas.ts'
import { lookAtSelected } from './look-at-selected.ts'

const reason = said(2_000, 'Why; kept in the audit trail.')
const expect = Type.Optional(
  Type.Integer({
    minimum: 0,
    description: 'How many letters you believe are in it: with another number none is discarded.',
  }),
)

const view = {
  id: text(),
  state: Type.Enum(['planned', 'done', 'undone']),
  letters: count(),
  skipped: Type.Integer({ minimum: 0, description: 'Selected, but not open, held or uncertain, or not there.' }),
  reason: text(),
  selection: Type.Unknown(),
  createdAt: time(),
  createdBy: text(),
  doneAt: orNull(time()),
  doneBy: orNull(text()),
  undoableUntil: orNull(time()),
  undoneAt: orNull(time()),
  undoneBy: orNull(text()),
  undoneReason: orNull(text()),
  reopened: orNull(count()),
}

const detail: TSchema = Type.Object(
  {
    ...view,
    causes: Type.Array(Type.Object({ cause: text(), queue: text(), title: text(), letters: count() }, closed), {
      description: 'The most letters first, at most twenty.',
    }),
    oldestAt: orNull(time()),
  },
  closed,
)

export const discardRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/discards',
    summary: `End letters on purpose, with a reason and a name, at once, or only plan it; ${undoDays} days long it can be undone`,
    schemas: {
      body: Type.Object(
        {
          selection,
          by,
          reason,
          expect,
          planOnly: Type.Optional(Type.Boolean({ default: false, description: 'Freeze which letters; end none.' })),
        },
        closed,
      ),
      answer: detail,
    },
    handle: async ({ office, body, caller }) => {
      const { planOnly = false, expect: expected, ...asked } = body
      const request = { ...asked, by: `${body.by} (token ${caller})`, nowMs: office.clock.now() }
      const { id, letters } = planOnly
        ? await planDiscard(office.store, request)
        : await discardLetters(office.store, { ...request, ...(expected === undefined ? {} : { expect: expected }) })
      await lookAtSelected(office.store, { selection: body.selection, letters, by: request.by })
      return showDiscard(office.store, id)
    },
  }),
  route({
    method: 'GET',
    path: '/discards',
    summary: 'Discards, newest first',
    schemas: {
      query: Type.Object(pageQuery, closed),
      answer: Type.Object({ discards: Type.Array(Type.Object(view, closed)), next: orNull(text()) }, closed),
    },
    handle: ({ office, query }) => listDiscards(office.store, { ...query, limit: query.limit ?? 50 }),
  }),
  route({
    method: 'GET',
    path: '/discards/:id',
    summary: 'A discard, with the causes of its letters',
    schemas: { params: idParams, answer: detail },
    handle: ({ office, params }) => showDiscard(office.store, parseDiscardId(params.id)),
  }),
  route({
    method: 'POST',
    path: '/discards/:id/run',
    summary: 'Do what was planned, once, all of it or nothing',
    schemas: { params: idParams, body: Type.Object({ by, expect }, closed), answer: detail },
    handle: async ({ office, params, body, caller }) => {
      const discard = parseDiscardId(params.id)
      await runDiscard(office.store, { ...body, discard, by: `${body.by} (token ${caller})` })
      return showDiscard(office.store, discard)
    },
  }),
  route({
    method: 'POST',
    path: '/discards/:id/undo',
    summary: 'Its letters are again what they were; those that a worker was told of stay discarded',
    schemas: { params: idParams, body: Type.Object({ by, reason }, closed), answer: detail },
    handle: async ({ office, params, body, caller }) => {
      const discard = parseDiscardId(params.id)
      await undoDiscard(office.store, { ...body, discard, by: `${body.by} (token ${caller})` })
      return showDiscard(office.store, discard)
    },
  }),
]
