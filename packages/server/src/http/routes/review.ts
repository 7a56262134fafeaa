import { type TSchema, Type } from 'typebox'
import { maskAnswer } from '../../masking/index.ts'
import {
  listReviews,
  patterns,
  readSchedule,
  reviewHtml,
  reviewMarkdown,
  reviewOf,
  reviewText,
} from '../../review/index.ts'
import { type Route, route } from '../route.ts'
import { closed, count, orNull, text, tier, time } from '../schemas.ts'
import { heldSchema } from './retention.ts'

const flow = {
  cameIn: count(),
  cameBack: count(),
  replayed: count(),
  discarded: count(),
  archived: Type.Integer({ description: 'Below 0 when more were brought back.' }),
  deleted: count(),
  erased: count(),
}
const waiting = { waiting: count(), waitedBefore: count() }
const some = (shown: Readonly<Record<string, TSchema>>, more: Readonly<Record<string, TSchema>> = {}): TSchema =>
  Type.Object({ count: count(), shown: Type.Array(Type.Object(shown, closed)), ...more }, closed)

const hygiene = Type.Object(
  {
    score: orNull(Type.Integer({ minimum: 0, maximum: 100 })),
    patterns: Type.Array(
      Type.Object(
        {
          pattern: Type.Enum([...patterns]),
          state: Type.Enum(['fine', 'partly', 'bad', 'unknown']),
          why: text(),
          next: orNull(text('What to type.')),
        },
        closed,
      ),
    ),
  },
  closed,
)

const share = orNull(
  Type.Number({
    minimum: 0,
    maximum: 1,
    description: 'Of what was handled or died; null: nothing was, or the reports tell of few of the letters captured.',
  }),
)
const cause = { id: text(), queue: text(), title: text() }
const countedCause = Type.Object(
  { ...cause, tier, owner: orNull(text()), state: text(), letters: count(), before: count(), isNew: Type.Boolean() },
  closed,
)
const waitingCauses = some({ ...cause, waiting: count(), oldestAt: time() })
const results = { sent: count(), confirmed: count(), returned: count(), uncertain: count() }
const alert = { id: text(), rule: text(), title: text() }

const review = Type.Object(
  {
    week: orNull(text('As 2026-W47; null: the seven days before it was made.')),
    zone: text(),
    zoneNow: orNull(text('Whose weeks are reviewed now, where that is another zone than when this one was kept.')),
    from: time(),
    to: time(),
    madeAt: time(),
    headline: text(),
    total: Type.Object({ ...flow, ...waiting }, closed),
    before: Type.Object(flow, closed),
    queues: some({
      name: text(),
      owner: orNull(text()),
      ...flow,
      before: Type.Object(flow, closed),
      ...waiting,
      oldestOpenAt: orNull(time()),
      hygiene,
      traffic: orNull(
        Type.Object(
          { handled: count(), died: count(), deathShare: share, deathShareBefore: share },
          { ...closed, description: 'As workers report it; null: none reported.' },
        ),
      ),
    }),
    causes: Type.Object(
      {
        count: count(),
        isNew: count(),
        regressed: count(),
        fixed: count(),
        top: Type.Array(countedCause),
        movers: Type.Array(countedCause),
        neverOpened: waitingCauses,
        withoutOwner: waitingCauses,
        old: waitingCauses,
      },
      closed,
    ),
    runs: some(
      {
        id: text(),
        by: text(),
        state: text(),
        problem: orNull(text()),
        letters: count(),
        ...results,
        canary: count(),
        verdict: orNull(text()),
        haltedWhy: orNull(text('Why it halted itself, also when it was cancelled or resumed since; null: it did not.')),
      },
      { ofPeople: count(), byState: Type.Record(Type.String(), Type.Integer()), halted: count(), ...results },
    ),
    automatic: some({
      queue: text(),
      tier,
      runs: count(),
      passed: count(),
      failed: count(),
      cancelled: count(),
      sent: count(),
      confirmed: count(),
      returned: count(),
      isStopped: Type.Boolean(),
    }),
    alerts: Type.Object(
      {
        raised: count(),
        notices: count(),
        byRule: Type.Array(Type.Object({ rule: text(), raised: count(), taken: count() }, closed)),
        minutesToTake: orNull(Type.Number()),
        minutesToEnd: orNull(Type.Number()),
        noisy: some({ ...alert, said: count(), isOver: Type.Boolean() }),
        ignored: some({ ...alert, raisedAt: time() }),
      },
      closed,
    ),
    discards: some({ reason: text(), letters: count(), by: Type.Array(text()) }),
    retention: Type.Object(
      { delete: count(), archive: count(), held: heldSchema, asks: count() },
      { ...closed, description: 'What ends within seven days of when it was made, and what is kept all the same.' },
    ),
    decisions: some({ what: text(), why: text(), command: text('What to type.') }),
  },
  closed,
)

const formats = {
  text: { write: reviewText, type: 'text/plain; charset=utf-8' },
  markdown: { write: reviewMarkdown, type: 'text/markdown; charset=utf-8' },
  html: { write: reviewHtml, type: 'text/html; charset=utf-8' },
} as const

export const reviewRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/review',
    summary:
      'What came in, what became of it and what to decide; that of a week that is over stays as it was made first',
    schemas: {
      query: Type.Object(
        {
          week: Type.Optional(
            Type.String({
              description: 'As 2026-W47, or last; without it the last seven days.',
              minLength: 1,
              maxLength: 40,
            }),
          ),
          format: Type.Optional(Type.Enum(['json', 'text', 'markdown', 'html'], { default: 'json' })),
        },
        closed,
      ),
      answer: review,
    },
    handle: async ({ office, query, masker, reply }) => {
      const { week = null, format = 'json' } = query
      const made = await reviewOf(office.store, {
        week,
        zone: (await readSchedule(office.store.pool)).zone.value,
        nowMs: office.clock.now(),
        config: office.alerts.config,
        retention: office.retention.policy,
        captures: office.captures(),
        expiry: office.expiry?.() ?? [],
      })
      if (format === 'json') return made
      const { write, type } = formats[format as keyof typeof formats]
      const shownTo = masker()
      return reply.type(type).send(write(shownTo === null ? made : maskAnswer(shownTo, made)))
    },
  }),
  route({
    method: 'GET',
    path: '/reviews',
    summary: 'Weeks of which a review is kept, the newest first',
    schemas: {
      answer: Type.Object(
        {
          reviews: Type.Array(
            Type.Object(
              {
                week: text(),
                zone: text('Whose week it was.'),
                madeAt: time(),
                sentAt: orNull(time()),
                headline: text(),
              },
              closed,
            ),
          ),
        },
        closed,
      ),
    },
    handle: async ({ office }) => ({ reviews: await listReviews(office.store) }),
  }),
]
