import { Type } from 'typebox'
import { type CauseSummary, listCauses, showCause } from '../../causes/index.ts'
import { type Route, route } from '../route.ts'
import { closed, count, counts, idParams, orNull, text, tier, time } from '../schemas.ts'
import { lifeView, ownership, causeState as state } from './cause-life.ts'

const summary = {
  id: text(),
  queue: text(),
  consumer: orNull(text()),
  tier,
  state,
  title: text(),
  errorClass: orNull(text()),
  firstSeen: time(),
  lastSeen: time(),
  letters: Type.Integer({ minimum: 0, description: 'Ever captured, as far as they belong to it.' }),
  open: Type.Integer({ minimum: 0, description: 'Of them, open now.' }),
  ...ownership,
}

const facet = Type.Array(
  Type.Object(
    {
      value: orNull(text('null: all values beyond the first thirty')),
      letters: count(),
      firstSeen: time(),
      lastSeen: time(),
    },
    closed,
  ),
)

const tie = Type.Object(
  {
    rule: text('Take it back by this id.'),
    kind: Type.Enum(['merge', 'split']),
    causes: Type.Array(text()),
    where: Type.Array(text()),
    cause: text('Where they belong.'),
    by: text(),
    at: time(),
    reason: orNull(text()),
  },
  closed,
)

const detail = Type.Object(
  {
    ...summary,
    ...lifeView,
    why: Type.Object(
      {
        basis: Type.Enum(['frames', 'message', 'reason', 'nothing', 'rule'], {
          description: 'What its letters have in common.',
        }),
        fingerprintVersion: count(),
        fingerprintKey: text(),
        parts: Type.Record(Type.String(), Type.Union([text(), Type.Array(text())]), {
          description: 'The very inputs of the fingerprint.',
        }),
        template: orNull(text()),
        shapes: Type.Integer({ minimum: 0, description: 'Different forms of the failure that were put together.' }),
      },
      closed,
    ),
    states: counts,
    hours: Type.Array(Type.Object({ hour: time(), letters: count() }, closed)),
    releases: facet,
    hosts: facet,
    samples: Type.Array(text('id of a letter')),
    goes: Type.Array(tie, { description: 'Merges and splits that lead its letters elsewhere.' }),
    comes: Type.Array(tie, { description: 'Those that lead letters of others here.' }),
    elsewhere: Type.Array(Type.Object({ cause: text(), title: text() }, closed), {
      description: 'Where the latest of its letters are that belong elsewhere, by a rule, a merge or a split.',
    }),
  },
  closed,
)

const name = (description: string) => Type.String({ description, maxLength: 200, pattern: '^[^\\u0000]*$' })

export const causeRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/causes',
    summary: 'Why letters died, the most recently seen first',
    schemas: {
      query: Type.Object(
        {
          queue: Type.Optional(Type.String({ maxLength: 300, pattern: '^[^\\u0000]*$' })),
          state: Type.Optional(state),
          tier: Type.Optional(tier),
          owner: Type.Optional(name('Only of this team, by the cause or by its queue.')),
          assignee: Type.Optional(name('Only of this person.')),
          unowned: Type.Optional(Type.Boolean({ description: 'Only causes without an owner.' })),
          open: Type.Optional(Type.Boolean({ description: 'Only causes with open letters.' })),
          emptied: Type.Optional(
            Type.Boolean({
              description: 'Also causes whose letters all belong to others by a merge, a split or a rule.',
            }),
          ),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
          after: Type.Optional(Type.String({ description: '`next` of the page before.', maxLength: 200 })),
        },
        closed,
      ),
      answer: Type.Object({ causes: Type.Array(Type.Object(summary, closed)), next: orNull(text()) }, closed),
    },
    handle: async ({ office, query }) => {
      const { open, after, ...wanted } = query
      const { causes, next } = await listCauses(office.store, {
        ...wanted,
        limit: query.limit ?? 50,
        onlyOpen: open ?? false,
        ...(after === undefined ? {} : { cursor: after }),
      })
      return { causes: causes.map(summaryView), next }
    },
  }),
  route({
    method: 'GET',
    path: '/causes/:id',
    summary: 'A cause: why its letters are together, when they came, of which releases and hosts',
    schemas: { params: idParams, answer: detail },
    handle: async ({ office, params }) => {
      const cause = await showCause(office.store, params.id)
      return {
        ...cause,
        ...summaryView(cause),
        hours: cause.hours.map(({ hour, letters }) => ({ hour: hour.toISOString(), letters })),
        releases: cause.releases.map(facetView),
        hosts: cause.hosts.map(facetView),
      }
    },
  }),
]

type View<T> = Omit<T, 'firstSeen' | 'lastSeen'> & { readonly firstSeen: string; readonly lastSeen: string }

const summaryView = (cause: CauseSummary): View<CauseSummary> => facetView(cause)

function facetView<T extends { readonly firstSeen: Date; readonly lastSeen: Date }>(seen: T): View<T> {
  return { ...seen, firstSeen: seen.firstSeen.toISOString(), lastSeen: seen.lastSeen.toISOString() }
}
