import { Type } from 'typebox'
import { type Against, type Asked, againsts, falseAlarms, inCommon, whats } from '../../in-common/index.ts'
import type { Masker } from '../../masking/index.ts'
import { refuseGuess } from '../as-seen-by.ts'
import { type OfficeServices, type Route, route } from '../route.ts'
import { closed, count, idParams, orNull, text, time } from '../schemas.ts'

const token = {
  facet: text('release, host, key, header:NAME, body:/path …'),
  what: Type.Enum([...whats], {
    description:
      'is: exactly the value; starts: a longer text that starts with it; range: a number in it; kind: of this JSON kind; there, missing: with any value, with none',
  }),
  value: orNull(text()),
}

const againstSchema = Type.Unsafe<Against>(
  Type.Enum([...againsts], {
    description:
      'letters: the other letters of their queues; healthy: messages that the same consumers handled, as workers tell of them.',
  }),
)
const asked = { against: Type.Optional(againstSchema) }

const share = Type.Object({ with: count(), of: count() }, closed)

const common = Type.Object(
  {
    ...token,
    inSet: share,
    others: share,
    lift: orNull(Type.Number({ description: 'Share here by share of the others; null when none of them has it.' })),
    surprise: Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'The share here is higher by at least this: lower end of a 95 % interval (Newcombe).',
    }),
    also: Type.Array(Type.Object(token, closed), { description: 'What exactly the same letters have, at most five.' }),
    alsoMore: count(),
  },
  closed,
)

const side = {
  letters: count(),
  counted: Type.Boolean({ description: 'false: letters is estimated.' }),
  looked: Type.Integer({ minimum: 0, description: 'Letters that were read: all, or a random sample.' }),
  bodies: Type.Integer({ minimum: 0, description: 'Of them, those whose bodies were looked into.' }),
}

const answer = Type.Object(
  {
    against: againstSchema,
    verdict: Type.Enum(['found', 'nothing', 'too-few', 'no-others']),
    common: Type.Array(common, { description: 'The most surprising first.' }),
    more: Type.Integer({ minimum: 0, description: 'Found as well.' }),
    queues: Type.Array(text()),
    set: Type.Object(
      {
        ...side,
        complete: Type.Boolean({ description: 'false: only the newest of those that match were looked for.' }),
        first: orNull(time()),
        last: orNull(time()),
      },
      closed,
    ),
    others: Type.Object(
      { ...side, from: orNull(time()), to: orNull(time()) },
      { ...closed, description: 'The other letters, or messages, of these queues between from and to.' },
    ),
    tests: Type.Integer({
      minimum: 0,
      description: `What could have been found; the chance of any false alarm among all of it is at most ${falseAlarms}.`,
    }),
    leftOut: Type.Array(text(), { description: 'Facets that are not compared: the letters were chosen by them.' }),
  },
  closed,
)

async function answerTo(
  office: OfficeServices,
  {
    of,
    against = 'letters',
    masker,
  }: { readonly of: Asked; readonly against?: Against; readonly masker: Masker | null },
): Promise<unknown> {
  const found = await inCommon(office.store, { of, against, nowMs: office.clock.now() })
  const { set, others } = found
  const iso = (date: Date | null): string | null => date?.toISOString() ?? null
  const queue = found.queues.length === 1 ? (found.queues[0] ?? null) : null
  const shown = <T extends { readonly facet: string; readonly value: string | null }>(token: T): T =>
    masker === null || token.value === null ? token : { ...token, value: masker.named(token.facet, token.value, queue) }
  return {
    ...found,
    common: found.common.map((each) => ({ ...shown(each), also: each.also.map(shown) })),
    set: { ...set, first: iso(set.first), last: iso(set.last) },
    others: { ...others, from: iso(others.from), to: iso(others.to) },
  }
}

export const inCommonRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/causes/:id/common',
    summary: "What a cause's letters have in common that the other letters of its queue have less, in any state",
    schemas: { params: idParams, query: Type.Object(asked, closed), answer },
    handle: ({ office, params, query: { against }, masker }) =>
      answerTo(office, { of: { cause: params.id }, ...(against === undefined ? {} : { against }), masker: masker() }),
  }),
  route({
    method: 'GET',
    path: '/letters/common',
    summary: 'The same of letters that match a query; in any state unless it names one',
    schemas: {
      query: Type.Object(
        { ...asked, q: Type.String({ maxLength: 2_000, description: 'As in letter lists.' }) },
        closed,
      ),
      answer,
    },
    handle: ({ office, query: { q, against }, masker }) => {
      refuseGuess(masker(), q)
      return answerTo(office, { of: { query: q }, ...(against === undefined ? {} : { against }), masker: masker() })
    },
  }),
]
