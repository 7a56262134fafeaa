import { type Tier, tiers } from '@redrive/worker'
import { type TSchema, type TString, type TUnsafe, Type } from 'typebox'

/** Building blocks of the API's shapes. */
export const closed = { additionalProperties: false } as const

export const text = (description?: string): TSchema => Type.String(description === undefined ? {} : { description })
export const orNull = <S extends TSchema>(schema: S): TSchema => Type.Union([schema, Type.Null()])
export const time = (): TSchema => Type.String({ format: 'date-time' })
export const count = (): TSchema => Type.Integer({ minimum: 0 })
export const tier: TUnsafe<Tier> = Type.Unsafe<Tier>(Type.Enum([...tiers]))
export const counts: TSchema = Type.Record(Type.String(), Type.Integer())

export const idParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) }, closed)

/** More than any broker allows; what letters say may be longer, and is found in lists only. */
export const maxQueueName = 600

export const pageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
  after: Type.Optional(Type.String({ description: '`next` of the page before.', maxLength: 64 })),
}

/** Exactly one of the three. */
export const selection = Type.Object(
  {
    query: Type.Optional(
      Type.String({ description: 'As in letter lists; open letters only unless it names a state.', maxLength: 2_000 }),
    ),
    cause: Type.Optional(Type.String({ maxLength: 64 })),
    letters: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 100_000 })),
  },
  { ...closed, description: 'Exactly one of query, cause and letters.' },
)

/** Text that the store can hold, with something to read in it. */
export const said = (maxLength: number, description: string): TString =>
  Type.String({ description, maxLength, pattern: '^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$' })

export const by: TString = said(200, 'Who does this; kept in the audit trail.')

export const problemSchema: TSchema = Type.Object({
  type: text(),
  title: text(),
  status: Type.Integer(),
  code: text('One of the codes in the documentation of errors.'),
  detail: text('What happened.'),
  hint: Type.Optional(text('What to do.')),
  requestId: text(),
  data: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
})
