import { Type } from 'typebox'
import { listArchives, type Verdict, verifyAll, verifyStored } from '../../archive/index.ts'
import { type Route, route } from '../route.ts'
import { by, closed, count, orNull, pageQuery, said, selection, text, time } from '../schemas.ts'

export const archiveRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/archives',
    summary: 'Archives, newest first: what lies in them, where, and when they were verified',
    schemas: {
      query: Type.Object(pageQuery, closed),
      answer: Type.Object(
        {
          archives: Type.Array(
            Type.Object(
              {
                id: text(),
                madeAt: time(),
                place: text(),
                letters: count(),
                left: Type.Integer({ minimum: 0, description: 'Letters that were not brought back.' }),
                bytes: count(),
                verifiedAt: orNull(time()),
                problem: orNull(text()),
              },
              closed,
            ),
          ),
          next: orNull(text()),
        },
        closed,
      ),
    },
    handle: ({ office, query }) => listArchives(office.store, { ...query, limit: query.limit ?? 50 }),
  }),
  route({
    method: 'POST',
    path: '/archives/verify',
    summary: 'Read every byte of one archive, or of all, and compare it with its manifest and the office',
    schemas: {
      body: Type.Object(
        { archive: Type.Optional(Type.String({ maxLength: 64, description: 'Without it, all of them.' })) },
        closed,
      ),
      answer: Type.Object(
        {
          archives: Type.Array(
            Type.Object({ archive: text(), letters: count(), problems: Type.Array(text()) }, closed),
          ),
        },
        closed,
      ),
    },
    handle: async ({ office, body }) => {
      const { store, retention } = office
      if (body.archive !== undefined) return { archives: [await verifyStored(store, retention.place, body.archive)] }
      const archives: Verdict[] = []
      for await (const verdict of verifyAll(store, retention.place)) archives.push(verdict)
      return { archives }
    },
  }),
  route({
    method: 'POST',
    path: '/archives/restore',
    summary: 'Bring archived letters back as they were; a query that names no state means archived ones',
    schemas: {
      body: Type.Object(
        {
          selection,
          by,
          reason: said(2_000, 'Why; kept in the audit trail.'),
          expect: Type.Optional(
            Type.Integer({
              minimum: 0,
              description: 'How many you believe it is about; another number restores none.',
            }),
          ),
        },
        closed,
      ),
      answer: Type.Object(
        {
          restored: count(),
          skipped: Type.Integer({ minimum: 0, description: 'Selected, but not archived, or not there.' }),
        },
        closed,
      ),
    },
    handle: ({ office, body, caller }) =>
      office.retention.restore({ ...body, by: `${body.by} (token ${caller})`, nowMs: office.clock.now() }),
  }),
]
