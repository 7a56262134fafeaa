import { type TSchema, Type } from 'typebox'
import { type RoomView, showRoom } from '../../caps/index.ts'
import { type CapPolicy, capActions, capOpenActions, retentionActions } from '../../config/index.ts'
import { showPass, showRetention } from '../../retention/index.ts'
import { parsePassId } from '../../store/ids.ts'
import { type Route, route } from '../route.ts'
import { by, closed, count, idParams, orNull, said, text, tier, time } from '../schemas.ts'

const action = Type.Enum([...retentionActions])

export const policySchema = {
  keepDays: count(),
  afterwards: action,
  open: Type.Object({ keepDays: count(), afterwards: action, neverLookedAt: Type.Enum(['keep', 'end']) }, closed),
}

const ending = { delete: count(), archive: count() }

export const heldSchema: TSchema = Type.Array(
  Type.Object(
    {
      why: Type.Enum(['never-looked-at', 'in-line', 'outcome-awaited']),
      queue: text(),
      letters: count(),
      causes: count(),
    },
    closed,
  ),
)

/** `null`: no cap of that kind. */
const capSchema = {
  letters: orNull(count()),
  bytes: orNull(count()),
  whenReached: Type.Enum([...capActions]),
  open: Type.Enum([...capOpenActions]),
} satisfies Record<keyof CapPolicy, TSchema>

export const roomSchema: TSchema = Type.Object(
  {
    queue: text(),
    letters: count(),
    bytes: count(),
    most: Type.Object(capSchema, closed),
    share: Type.Number({ minimum: 0, description: 'Of the cap, by letters or by bytes, whichever is more; 0: none.' }),
    fullSince: orNull(time()),
    fullInDays: orNull(
      Type.Number({ minimum: 0, description: 'If as many come as in the last seven days, and none end.' }),
    ),
  } satisfies Record<keyof RoomView, TSchema>,
  { ...closed, description: 'Letters that are here, archived ones not, with their bytes as they were captured.' },
)

const pass = Type.Object(
  {
    id: text(),
    state: Type.Enum(['running', 'done', 'asks', 'failed'], {
      description: 'asks: so many are due that a person has to say so.',
    }),
    startedAt: time(),
    finishedAt: orNull(time()),
    by: text(),
    reason: orNull(text()),
    letters: count(),
    toDelete: count(),
    toArchive: count(),
    deleted: count(),
    archived: count(),
    freedBytes: count(),
    problem: orNull(text()),
  },
  closed,
)

export const retentionRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/retention',
    summary: 'How long letters are kept, what ends next, and what is kept although its time is over',
    schemas: {
      query: Type.Object(
        {
          days: Type.Optional(
            Type.Integer({ minimum: 0, maximum: 366, default: 14, description: 'How far to look ahead.' }),
          ),
        },
        closed,
      ),
      answer: Type.Object(
        {
          office: Type.Object(policySchema, closed),
          own: Type.Array(Type.Object({ queue: text(), tier: orNull(tier), ...policySchema }, closed), {
            description: 'Of queues and tiers that have another; tier null: all of the queue.',
          }),
          room: Type.Array(roomSchema, { description: 'Of queues that have a cap.' }),
          due: Type.Object(ending, closed),
          forecast: Type.Object(
            {
              days: Type.Array(Type.Object({ inDays: count(), ...ending }, closed)),
              queues: Type.Array(Type.Object({ queue: text(), ...ending }, closed)),
              held: heldSchema,
            },
            closed,
          ),
          passes: Type.Array(pass, { description: 'The newest first, at most ten.' }),
        },
        closed,
      ),
    },
    handle: async ({ office, query }) => ({
      ...(await showRetention(office.store, { retention: office.retention.policy, days: query.days ?? 14 })),
      room: await showRoom(office.store.pool, { most: office.retention.most }),
    }),
  }),
  route({
    method: 'POST',
    path: '/retention/run',
    summary: 'End now what is due, however much it is; goes on by itself',
    schemas: {
      body: Type.Object(
        {
          by,
          reason: said(2_000, 'Why; kept in the audit trail.'),
          expect: Type.Integer({
            minimum: 1,
            maximum: 2_147_483_647,
            description: 'Letters you believe are due; when it is a twentieth more, none is ended.',
          }),
        },
        closed,
      ),
      answer: pass,
    },
    handle: async ({ office, body, caller }) => {
      const { id } = await office.retention.run({ ...body, by: `${body.by} (token ${caller})` })
      return showPass(office.store, id)
    },
  }),
  route({
    method: 'GET',
    path: '/retention/passes/:id',
    summary: 'How far a pass is',
    schemas: { params: idParams, answer: pass },
    handle: ({ office, params }) => showPass(office.store, parsePassId(params.id)),
  }),
]
