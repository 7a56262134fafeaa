import { Type } from 'typebox'
import { type Change, changeRules, listRules, type Preview, previewChange, showRule } from '../../causes/index.ts'
import { refuseNamedHeaders } from '../../masking/index.ts'
import { type OfficeServices, type Route, route } from '../route.ts'
import { by, closed, count, counts, idParams, orNull, said, text, time } from '../schemas.ts'

const regrouping = Type.Object(
  {
    what: Type.Enum(['add', 'remove', 'order']),
    looked: count(),
    moved: count(),
    unjudged: Type.Integer({
      minimum: 0,
      description: 'Archived or erased: they no longer hold what a rule asks about, and stay where they are.',
    }),
    startedAt: time(),
    endedAt: orNull(time()),
  },
  closed,
)

const view = {
  id: text(),
  kind: Type.Enum(['rule', 'merge', 'split']),
  name: orNull(text('Of a rule.')),
  queue: orNull(text('null: every queue, or that of its causes.')),
  where: Type.Array(text()),
  per: orNull(text('One cause for each value of this field.')),
  title: orNull(text()),
  causes: Type.Array(text('Of a merge or a split: letters of these …')),
  into: orNull(text('… belong to this one.')),
  origin: Type.Enum(['file', 'api']),
  file: orNull(text()),
  by: text(),
  at: time(),
  reason: orNull(text()),
  removedBy: orNull(text()),
  removedAt: orNull(time()),
  removedReason: orNull(text()),
  regroupings: Type.Array(regrouping, {
    description: 'What was done about letters that were there already; endedAt is null while they are moved.',
  }),
}

const place = (cause: ReturnType<typeof text>) => Type.Object({ cause, title: text() }, closed)

const preview = Type.Object(
  {
    letters: Type.Integer({ minimum: 0, description: 'Would move, of those looked at.' }),
    looked: count(),
    of: Type.Integer({ minimum: 0, description: 'Letters it may concern.' }),
    isExact: Type.Boolean({ description: 'false: only the newest of each cause or queue were looked at.' }),
    unjudged: Type.Integer({ minimum: 0, description: 'They no longer hold what a rule asks about.' }),
    causesBefore: Type.Integer({ minimum: 0, description: 'Causes of those looked at, as they are.' }),
    causesAfter: Type.Integer({ minimum: 0, description: 'And as they would be.' }),
    moves: Type.Array(
      Type.Object(
        {
          from: place(text()),
          to: place(orNull(text('null: it is still to be made.'))),
          letters: count(),
          states: counts,
          samples: Type.Array(text('id of a letter')),
        },
        closed,
      ),
      { description: 'The most letters first, at most fifty.' },
    ),
  },
  closed,
)

const answer = Type.Object(
  { rule: orNull(Type.Object(view, closed)), preview },
  { ...closed, description: 'rule is null where it was only looked at.' },
)

const ids = Type.String({ minLength: 1, maxLength: 64 })
const where = Type.Array(said(300, 'As class=Timeout*, message~no slot, header:tenant=acme.'), {
  minItems: 1,
  maxItems: 10,
})

const common = {
  by,
  reason: Type.Optional(said(2_000, 'Why; kept in the audit trail. Needed unless it is only looked at.')),
  expect: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Letters you believe would move: with another number nothing is done.' }),
  ),
  previewOnly: Type.Optional(Type.Boolean({ default: false, description: 'Only look at what would move.' })),
}

export const causeRuleRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/rules',
    summary: 'Which letters belong together, as people said it: rules in their order, then merges and splits',
    schemas: {
      query: Type.Object(
        {
          all: Type.Optional(Type.Boolean({ description: 'Also what was taken back.' })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
          after: Type.Optional(Type.String({ description: '`next` of the page before.', pattern: '^\\d{1,7}$' })),
        },
        closed,
      ),
      answer: Type.Object({ rules: Type.Array(Type.Object(view, closed)), next: orNull(text()) }, closed),
    },
    handle: ({ office, query }) =>
      listRules(office.store, { all: query.all ?? false, limit: query.limit ?? 50, after: query.after }),
  }),
  route({
    method: 'GET',
    path: '/rules/:id',
    summary: 'One of them, and how far letters were moved',
    schemas: { params: idParams, answer: Type.Object(view, closed) },
    handle: ({ office, params }) => showRule(office.store, params.id),
  }),
  route({
    method: 'POST',
    path: '/rules',
    summary: 'Letters that match form a cause of their own, now and from now on',
    schemas: {
      body: Type.Object(
        {
          name: said(100, 'Its name.'),
          queue: Type.Optional(said(600, 'Only of this queue.')),
          where,
          per: Type.Optional(said(210, 'One cause for each value of this field, at most fifty.')),
          title: Type.Optional(said(160, 'Of its causes, with {class}, {value} and the like.')),
          first: Type.Optional(Type.Boolean({ default: false, description: 'Before the other rules made by API.' })),
          ...common,
        },
        closed,
      ),
      answer,
    },
    handle: ({ office, body, caller }) => {
      const { name, queue, where: conditions, per, title, first, ...request } = body
      const change: Change = { kind: 'rule', name, queue, where: conditions, per, title, first }
      return carryOut(office, { change, caller, ...request })
    },
  }),
  route({
    method: 'POST',
    path: '/rules/:id/remove',
    summary: 'Take it back, be it a rule, a merge or a split: letters go where they belong without it',
    schemas: { params: idParams, body: Type.Object(common, closed), answer },
    handle: ({ office, params, body, caller }) =>
      carryOut(office, { change: { kind: 'remove', rule: params.id }, caller, ...body }),
  }),
  route({
    method: 'POST',
    path: '/causes/:id/merge',
    summary: 'Letters of this cause and of others belong to another one',
    schemas: {
      params: idParams,
      body: Type.Object(
        {
          into: ids,
          causes: Type.Optional(
            Type.Array(ids, { maxItems: 99, description: 'Others beside the one in the address.' }),
          ),
          ...common,
        },
        closed,
      ),
      answer,
    },
    handle: ({ office, params, body, caller }) => {
      const { into, causes = [], ...request } = body
      return carryOut(office, { change: { kind: 'merge', causes: [params.id, ...causes], into }, caller, ...request })
    },
  }),
  route({
    method: 'POST',
    path: '/causes/:id/split',
    summary: 'Letters of this cause that match form one of their own',
    schemas: {
      params: idParams,
      body: Type.Object({ where, title: Type.Optional(said(160, 'Of the part.')), ...common }, closed),
      answer,
    },
    handle: ({ office, params, body, caller }) => {
      const { where: conditions, title, ...request } = body
      return carryOut(office, {
        change: { kind: 'split', cause: params.id, where: conditions, title },
        caller,
        ...request,
      })
    },
  }),
]

async function carryOut(
  office: OfficeServices,
  request: {
    readonly change: Change
    readonly caller: string
    readonly by: string
    readonly reason?: string | undefined
    readonly expect?: number | undefined
    readonly previewOnly?: boolean | undefined
  },
): Promise<{ readonly rule: unknown; readonly preview: Preview }> {
  const { change, caller, reason = '', previewOnly = false } = request
  if (change.kind === 'rule' || change.kind === 'split') refuseNamedHeaders(office.masking, change)
  if (previewOnly) return { rule: null, preview: await previewChange(office.store, change) }
  const { id, preview: moved } = await changeRules(office.store, {
    ...request,
    reason,
    by: `${request.by} (token ${caller})`,
  })
  return { rule: await showRule(office.store, id), preview: moved }
}
