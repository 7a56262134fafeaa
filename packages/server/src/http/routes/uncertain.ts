import { Type } from 'typebox'
import { decideUncertain, listUncertain } from '../../replay/index.ts'
import { parseLetterId } from '../../store/ids.ts'
import { type Route, route } from '../route.ts'
import { by, closed, count, orNull, pageQuery, said, selection, text, time } from '../schemas.ts'

const send = Type.Object(
  {
    replayId: text(),
    run: text(),
    broker: text(),
    place: text(),
    intendedAt: time(),
    why: orNull(text('Why it is uncertain.')),
    looks: count(),
    looked: orNull(text('What looking for it told.')),
    nextLookAt: orNull(time()),
  },
  closed,
)

const letter = Type.Object(
  {
    id: text(),
    queue: text(),
    cause: text(),
    policy: Type.Union([Type.Literal('hold'), Type.Literal('resend-marked')]),
    send: orNull(send),
  },
  closed,
)

export const uncertainRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/uncertain',
    summary:
      'Letters of which nobody knows whether their replay arrived, oldest first, with why and what is done about it',
    schemas: {
      query: Type.Object({ queue: Type.Optional(Type.String({ maxLength: 249 })), ...pageQuery }, closed),
      answer: Type.Object({ letters: Type.Array(letter), total: count(), next: orNull(text()) }, closed),
    },
    handle: ({ office, query }) =>
      listUncertain(office.store, {
        limit: query.limit ?? 50,
        ...(query.queue === undefined ? {} : { queue: query.queue }),
        ...(query.after === undefined ? {} : { after: parseLetterId(query.after) }),
      }),
  }),
  route({
    method: 'POST',
    path: '/uncertain/decisions',
    summary: 'Say what became of uncertain letters, with a reason and a name',
    schemas: {
      body: Type.Object(
        {
          selection,
          decision: Type.Union([Type.Literal('sent'), Type.Literal('not-sent'), Type.Literal('resend')], {
            description:
              'sent: replayed. not-sent: open again. resend: open again, and their next replays carry the header redrive-possible-duplicate.',
          }),
          expect: Type.Integer({ minimum: 1, description: 'How many letters it is about; another number refuses.' }),
          by,
          reason: said(2_000, 'How you know; kept in the audit trail.'),
        },
        closed,
      ),
      answer: Type.Object({ decided: count(), skipped: count() }, closed),
    },
    handle: ({ office, body, caller }) =>
      decideUncertain(office.store, {
        selection: body.selection,
        decision: body.decision,
        expect: body.expect,
        by: `${body.by} (token ${caller})`,
        reason: body.reason,
        nowMs: office.clock.now(),
      }),
  }),
]
