import { type Static, type TSchema, Type } from 'typebox'
import {
  acknowledgeCause,
  assignCause,
  type CauseRequest,
  causeActions,
  causeHistory,
  causeStates,
  commentOnCause,
  fixCause,
  linkCause,
  lookAtCause,
  ownCause,
  reopenCause,
  showLife,
  snoozeCause,
  unlinkCause,
} from '../../causes/index.ts'
import type { Store } from '../../store/store.ts'
import { type Route, route } from '../route.ts'
import { by, closed, count, idParams, orNull, said, text, time } from '../schemas.ts'

export const causeState = Type.Enum([...causeStates])

const what = Type.Enum([...causeActions])

const event = Type.Object(
  {
    id: text(),
    at: time(),
    revision: Type.Integer({ minimum: 1, description: "The cause's, after it." }),
    by: text('office: what the letters or the time did'),
    what,
    was: causeState,
    became: causeState,
    said: orNull(text('The reason, the note or the comment.')),
    details: Type.Record(Type.String(), Type.Unknown()),
  },
  closed,
)

/** Whose a cause is: of lists as well. */
export const ownership = {
  owner: orNull(text("A team: the cause's own, else its queue's.")),
  ownerFrom: orNull(Type.Enum(['cause', 'queue'])),
  assignee: orNull(text('A person.')),
}

const kind = Type.Enum(['tracker', 'runbook', 'other'])

/** What a cause's page shows beside its letters. */
export const lifeView: Readonly<Record<string, TSchema>> = {
  ...ownership,
  revision: Type.Integer({ minimum: 1, description: 'Counts changes; comments do not change a cause.' }),
  stateBy: orNull(event),
  waits: orNull(
    Type.Object(
      {
        since: time(),
        until: orNull(time()),
        letters: orNull(Type.Integer({ minimum: 1, description: 'So many more.' })),
        came: Type.Integer({ minimum: 0, description: 'Letters since then.' }),
        release: orNull(text('A failure of it or of a newer one.')),
      },
      { ...closed, description: 'What ends a snooze, or what a fixed cause regresses by.' },
    ),
  ),
  links: Type.Array(
    Type.Object({ id: count(), kind, title: orNull(text()), url: text(), by: text(), at: time() }, closed),
  ),
  queueRunbook: orNull(text()),
  comments: Type.Object({ total: count(), last: Type.Array(event, { description: 'Oldest first.' }) }, closed),
}

const answer = Type.Object({ id: text(), state: causeState, ...lifeView }, closed)

const release = said(200, 'As workers name their releases.')
const note = Type.Optional(said(2_000, 'Kept in the history.'))
const common = {
  by,
  revision: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 2_147_483_647,
      description: 'The one the caller has seen; the cause changed since: refused.',
    }),
  ),
}

interface Action<Fields extends Readonly<Record<string, TSchema>>> {
  readonly name: string
  readonly summary: string
  readonly status?: number
  readonly fields: Fields
  readonly act: (store: Store, request: CauseRequest & Static<ReturnType<typeof bodyOf<Fields>>>) => Promise<void>
}

const bodyOf = <Fields extends Readonly<Record<string, TSchema>>>(fields: Fields) =>
  Type.Object({ ...common, ...fields }, closed)

/** All of them answer with the cause as it is then. */
function action<const Fields extends Readonly<Record<string, TSchema>>>(of: Action<Fields>): Route {
  return route({
    method: 'POST',
    path: `/causes/:id/${of.name}`,
    summary: of.summary,
    ...(of.status === undefined ? {} : { status: of.status }),
    schemas: { params: idParams, body: bodyOf(of.fields) as TSchema, answer },
    handle: async ({ office, params, body, caller }) => {
      const given = body as Static<ReturnType<typeof bodyOf<Fields>>> & { readonly by: string }
      await of.act(office.store, { ...given, cause: params.id, by: `${given.by} (token ${caller})` })
      return showLife(office.store, params.id)
    },
  })
}

const name = Type.Union([said(200, 'Who.'), Type.Null()])

export const causeLifeRoutes: readonly Route[] = [
  action({ name: 'look', summary: 'Somebody has looked at it: a new cause is open', fields: {}, act: lookAtCause }),
  action({ name: 'acknowledge', summary: 'Somebody works on it', fields: { note }, act: acknowledgeCause }),
  action({
    name: 'snooze',
    summary:
      'Let it rest until the first of what is given is met: a time, so many more letters, a failure of a release',
    fields: {
      until: Type.Optional(Type.String({ maxLength: 40, description: 'RFC 3339, with its zone.' })),
      forSeconds: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 315_360_000, description: 'In place of `until`.' }),
      ),
      letters: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000_000, description: 'So many more.' })),
      release: Type.Optional(release),
      reason: said(2_000, 'Kept in the history.'),
    },
    act: snoozeCause,
  }),
  action({
    name: 'fix',
    summary: "It is fixed: in a release, or by a person's word. It regresses by later letters",
    fields: { release: Type.Optional(release), note },
    act: fixCause,
  }),
  action({
    name: 'reopen',
    summary: 'Back to open',
    fields: { reason: Type.Optional(said(2_000, 'Kept in the history.')) },
    act: reopenCause,
  }),
  action({ name: 'assign', summary: 'To a person; null: to nobody', fields: { to: name }, act: assignCause }),
  action({ name: 'own', summary: "By a team; null: by the queue's owner", fields: { to: name }, act: ownCause }),
  action({
    name: 'comments',
    summary: 'Say something about it; said once, never changed',
    status: 201,
    fields: { text: said(10_000, 'Plain text.') },
    act: commentOnCause,
  }),
  action({
    name: 'links',
    summary: 'Link a page elsewhere, at most twenty',
    status: 201,
    fields: {
      kind,
      url: Type.String({ maxLength: 2_000, description: 'http or https.' }),
      title: Type.Optional(said(200, 'Its title.')),
    },
    act: linkCause,
  }),
  action({
    name: 'unlink',
    summary: 'Take a link off',
    fields: { link: Type.Integer({ minimum: 0, maximum: 2_147_483_647, description: 'Its id.' }) },
    act: unlinkCause,
  }),
  route({
    method: 'GET',
    path: '/causes/:id/history',
    summary: 'What was done with a cause and said about it, newest first',
    schemas: {
      params: idParams,
      query: Type.Object(
        {
          what: Type.Optional(what),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
          after: Type.Optional(Type.String({ description: '`next` of the page before.', pattern: '^\\d{1,18}$' })),
        },
        closed,
      ),
      answer: Type.Object({ cause: text(), events: Type.Array(event), next: orNull(text()) }, closed),
    },
    handle: ({ office, params, query }) =>
      causeHistory(office.store, { ...query, cause: params.id, limit: query.limit ?? 50 }),
  }),
]
