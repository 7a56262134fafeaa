import { Type } from 'typebox'
import { checkLedger } from '../../ledger/index.ts'
import { listQueues } from '../../queues/index.ts'
import { type Route, route } from '../route.ts'
import { closed, count, counts, orNull, text, time } from '../schemas.ts'

const captureView = Type.Object(
  {
    broker: text(),
    place: text(),
    role: Type.Union([Type.Literal('dead-letter'), Type.Literal('receipts')]),
    state: text('running, paused or stopped'),
    reason: orNull(text()),
    waitsForRoomIn: Type.Optional(
      Type.Array(text(), { description: 'Queues at their caps, where that is all that it waits for.' }),
    ),
    letters: count(),
    receipts: count(),
  },
  closed,
)

const ledgerView = Type.Object(
  {
    at: time(),
    unaccounted: count(),
    sumsOff: count(),
    captured: count(),
    queues: Type.Array(
      Type.Object(
        {
          queue: text(),
          captured: count(),
          unaccounted: count(),
          accounts: Type.Array(
            Type.Object({ account: text(), booked: Type.Integer(), counted: Type.Integer() }, closed),
          ),
        },
        closed,
      ),
    ),
    sources: Type.Array(
      Type.Object(
        {
          broker: text(),
          place: text(),
          role: text(),
          delivered: count(),
          letters: count(),
          duplicates: count(),
          receipts: count(),
          counted: count(),
        },
        closed,
      ),
    ),
  },
  closed,
)

export const statusRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/status',
    summary: 'One-screen health: letters by state, what is being captured, whether the books balance',
    schemas: {
      answer: Type.Object(
        {
          version: text(),
          startedAt: time(),
          letters: counts,
          causes: count(),
          unaccounted: count(),
          booksCheckedAt: time(),
          captures: Type.Array(captureView),
        },
        closed,
      ),
    },
    handle: async ({ office }) => {
      const [queues, ledger] = await Promise.all([listQueues(office.store), office.books.latest()])
      const letters: Record<string, number> = {}
      for (const queue of queues) {
        for (const [state, number] of Object.entries(queue.letters)) letters[state] = (letters[state] ?? 0) + number
      }
      return {
        version: office.version,
        startedAt: office.startedAt.toISOString(),
        letters,
        causes: queues.reduce((sum, { causes }) => sum + causes, 0),
        unaccounted: ledger.unaccounted,
        booksCheckedAt: ledger.at.toISOString(),
        captures: office.captures(),
      }
    },
  }),
  route({
    method: 'GET',
    path: '/ledger',
    summary: 'The books against an independent count, in one snapshot',
    schemas: { answer: ledgerView },
    handle: async ({ office }) => {
      const { at, unaccounted, sumsOff, captured, queues, sources } = await checkLedger(office.store)
      return {
        at: at.toISOString(),
        unaccounted,
        sumsOff,
        captured,
        queues: queues.map(({ queueId: _, ...queue }) => queue),
        sources: sources.map(({ sourceId: _, ...source }) => source),
      }
    },
  }),
]
