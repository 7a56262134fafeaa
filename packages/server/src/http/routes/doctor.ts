import { Type } from 'typebox'
import { showAutomatic } from '../../automatic/index.ts'
import { examine, findingCodes, severities, shownOf } from '../../doctor/index.ts'
import { type Route, route } from '../route.ts'
import { closed, count, orNull, text, time } from '../schemas.ts'

const code = Type.Enum([...findingCodes])

const finding = Type.Object(
  {
    code,
    severity: Type.Enum([...severities], {
      description: 'problem: wrong now. warning: waits, and nobody looks after it. advice: will be missed one day.',
    }),
    queue: orNull(text()),
    place: Type.Optional(text('The place at a broker it is about: `orders-dead-letter on kafka`.')),
    what: text(),
    why: text(),
    next: text('What to type, or to do.'),
  },
  closed,
)

export const doctorRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/doctor',
    summary:
      'What is wrong, or looked after by nobody, each with the next step; the gravest first, at most 50 of a code',
    schemas: {
      query: Type.Object(
        {
          olderThanDays: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 3_650,
              default: 7,
              description: 'Letters that are open so long and untouched are named.',
            }),
          ),
        },
        closed,
      ),
      answer: Type.Object(
        {
          at: time(),
          findings: Type.Array(finding),
          checked: Type.Array(
            Type.Object({ code, fine: text('What holds when nothing is found.'), found: count() }, closed),
          ),
        },
        closed,
      ),
    },
    handle: async ({ office, query }) => {
      const nowMs = office.clock.now()
      const [{ unaccounted }, disk] = await Promise.all([office.books.latest(), office.disk?.space() ?? null])
      const diagnosis = await examine(office.store, {
        unaccounted,
        captures: office.captures(),
        disk,
        most: office.retention.most,
        automatic: await showAutomatic(office.store, {
          tiers: office.automatic,
          brokers: [...office.brokers.keys()],
        }),
        ...(office.expiry === undefined ? {} : { expiry: office.expiry() }),
        olderThanDays: query.olderThanDays ?? 7,
        nowMs,
      })
      return { at: new Date(nowMs).toISOString(), ...shownOf(diagnosis) }
    },
  }),
]
