import { type TSchema, Type } from 'typebox'
import { isByWords, listErasures, planErasure, planKeptHours, showErasure } from '../../erasure/index.ts'
import { parseErasureId } from '../../store/ids.ts'
import { type Route, route } from '../route.ts'
import { by, closed, count, idParams, orNull, pageQuery, said, text, time } from '../schemas.ts'

const view = {
  id: text(),
  state: Type.Enum(['planned', 'running', 'done']),
  selectedBy: Type.Enum(['key', 'query', 'letters']),
  selectionSha256: text(
    'Of the key, the query, or the ids in order with line feeds between; the text itself is not kept.',
  ),
  letters: count(),
  erased: count(),
  createdAt: time(),
  createdBy: text(),
  begunAt: orNull(time()),
  begunBy: orNull(text()),
  reason: orNull(text()),
  alsoWords: Type.Boolean(),
  lettersGoneAt: orNull(time()),
  archivesWrittenAt: orNull(time()),
  archives: Type.Integer({ minimum: 0, description: 'That were written anew.' }),
  textsGoneAt: orNull(time()),
  texts: Type.Integer({ minimum: 0, description: 'Rows elsewhere in which something was replaced.' }),
  bytesGoneAt: orNull(time()),
  finishedAt: orNull(time()),
  leftToOthers: Type.Array(Type.Enum(['statistics', 'checkpoint', 'log', 'replicas-and-backups']), {
    description: 'Of a PostgreSQL of your own: what you have to do yourself.',
  }),
  problem: orNull(text('Why it did not come further the last time; it is tried again each minute.')),
}

const mentions = Type.Array(Type.Object({ place: text('Table and column.'), rows: count() }, closed))

const detail: TSchema = Type.Object(
  {
    ...view,
    left: Type.Array(Type.Object({ queue: text(), state: text(), letters: count() }, closed), {
      description: 'Letters of it that are still here.',
    }),
    waiting: Type.Array(
      Type.Object({ why: Type.Enum(['replaying', 'uncertain', 'in-line', 'unsettled']), letters: count() }, closed),
      { description: 'Of these, those that cannot be erased at this moment; they are once they can be.' },
    ),
    sources: Type.Array(Type.Object({ broker: text(), system: text(), place: text(), letters: count() }, closed), {
      description: 'Where they came from; what still lies there is not touched.',
    }),
    mentions: Type.Object(
      { office: mentions, people: mentions, settings: mentions },
      { ...closed, description: 'Rows elsewhere that name them, by who wrote them.' },
    ),
    notes: Type.Array(Type.Enum(['own-words-stay', 'words-find-a-part']), {
      description:
        'own-words-stay: a text that is looked for is a word of the office’s own (the name of a queue, a state, a tier, an alert rule, a field), and stays where it is all of a value or stands in a query. words-find-a-part: the query has words, which find what the index holds; said when it is planned, for the query is not kept.',
    }),
  },
  closed,
)

export const erasureRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/erasures',
    summary:
      'Freeze which letters of a person are to be erased, in whatever state, and count what names them; erases nothing',
    schemas: {
      body: Type.Object(
        {
          key: Type.Optional(
            Type.String({ description: 'Of the letters or of an edit of them, whole.', maxLength: 2_000 }),
          ),
          query: Type.Optional(
            Type.String({ description: 'As in letter lists, over letters in every state.', maxLength: 2_000 }),
          ),
          letters: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 100_000 })),
          by,
        },
        { ...closed, description: `Exactly one of key, query and letters. Forgotten after ${planKeptHours} hours.` },
      ),
      answer: detail,
    },
    handle: async ({ office, body, caller }) => {
      const { by: name, ...selection } = body
      const id = await planErasure(office.store, {
        selection,
        by: `${name} (token ${caller})`,
        nowMs: office.clock.now(),
      })
      const detail = await showErasure(office.store, id)
      return isByWords(selection) ? { ...detail, notes: [...detail.notes, 'words-find-a-part' as const] } : detail
    },
  }),
  route({
    method: 'GET',
    path: '/erasures',
    summary: 'Erasures, newest first',
    schemas: {
      query: Type.Object(pageQuery, closed),
      answer: Type.Object({ erasures: Type.Array(Type.Object(view, closed)), next: orNull(text()) }, closed),
    },
    handle: ({ office, query }) => listErasures(office.store, { ...query, limit: query.limit ?? 50 }),
  }),
  route({
    method: 'GET',
    path: '/erasures/:id',
    summary: 'An erasure: how far it is, what waits, and what still names the person',
    schemas: { params: idParams, answer: detail },
    handle: ({ office, params }) => showErasure(office.store, parseErasureId(params.id)),
  }),
  route({
    method: 'POST',
    path: '/erasures/:id/run',
    summary: 'Erase what was planned; goes on by itself, and cannot be undone',
    schemas: {
      params: idParams,
      body: Type.Object(
        {
          by,
          reason: said(2_000, 'Why, as a ticket’s number; kept for good, and refused when it names the person.'),
          expect: Type.Integer({
            minimum: 0,
            description: 'Letters you believe are in it; with another number none is erased.',
          }),
          alsoWords: Type.Optional(
            Type.Boolean({
              default: false,
              description: 'Replace it in comments and reasons that people wrote as well.',
            }),
          ),
        },
        closed,
      ),
      answer: detail,
    },
    handle: async ({ office, params, body, caller }) => {
      const erasure = parseErasureId(params.id)
      const { alsoWords = false, ...order } = body
      await office.erasures.run({ ...order, alsoWords, erasure, by: `${body.by} (token ${caller})` })
      return showErasure(office.store, erasure)
    },
  }),
]
