import type { Tier } from '@redrive/worker'
import { type TSchema, Type } from 'typebox'

/** What is too much of a queue, or of a tier of it. */
export interface LimitDocument {
  /** Open letters. @default 1000 */
  readonly open?: number | 'off'
  /** Of the oldest open letter, in hours. @default 72 */
  readonly ageHours?: number | 'off'
  /** Of the messages that may die, by what workers report. @default 5 */
  readonly deathPercent?: number | 'off'
  /** Fewer messages than that say nothing of how many die. @default 20 */
  readonly deathLeast?: number
  /** @default 'on' */
  readonly growth?: 'on' | 'off'
  /** That no letters come any more: `on` is for the list and the review, `ticket` tells somebody. @default 'on' */
  readonly silent?: 'on' | 'off' | 'ticket'
}

/** An entry of `alerts.limits`: the first one that matches and says a limit counts; then the defaults. */
export interface AlertLimit extends LimitDocument {
  /** Names, in which `*` stands for anything. @default all */
  readonly queues?: readonly string[]
  /** With it the limits are those of the tier alone. `age`, `growth` and `silent` are of whole queues. @default the whole queue */
  readonly tier?: Tier
}

/** By their paths below `alerts` in a queue's document. */
export const limitFields = ['open', 'ageHours', 'deathPercent', 'deathLeast', 'growth', 'silent'] as const
/** Those that a tier has of its own. */
export const tierLimitFields = ['open', 'deathPercent', 'deathLeast'] as const
type LimitField = (typeof limitFields)[number]

/** @param wrap makes a field what it is there: optional, or also `null` */
export function limitShapes(wrap: (schema: TSchema) => TSchema): Record<LimitField, TSchema> {
  const orOff = (schema: TSchema, description: string): TSchema =>
    wrap(Type.Union([schema, Type.Literal('off')], { description }))
  return {
    open: orOff(Type.Integer({ minimum: 1, maximum: 1_000_000_000 }), 'Open letters; default 1000.'),
    ageHours: orOff(Type.Number({ exclusiveMinimum: 0, maximum: 87_600 }), 'Of the oldest open letter; default 72.'),
    deathPercent: orOff(
      Type.Number({ exclusiveMinimum: 0, maximum: 100 }),
      'How many percent of the messages may die, by what workers report of the last five minutes and the last hour; default 5.',
    ),
    deathLeast: wrap(
      Type.Integer({
        description: 'Fewer messages than that say nothing of how many die; default 20.',
        minimum: 1,
        maximum: 1_000_000,
      }),
    ),
    growth: wrap(Type.Enum(['on', 'off'], { description: 'Whether letters come much faster than they used to.' })),
    silent: wrap(
      Type.Enum(['on', 'off', 'ticket'], {
        description:
          'Whether no letters come where they used to: on lists it and tells nobody, ticket tells somebody; default on.',
      }),
    ),
  }
}

/** What a queue's document may say, or a tier's. */
export function limitsShape(
  wrap: (schema: TSchema) => TSchema,
  { ofTier = false }: { readonly ofTier?: boolean } = {},
): TSchema {
  const shapes = limitShapes(wrap)
  const fields = ofTier ? tierLimitFields : limitFields
  return Type.Object(Object.fromEntries(fields.map((field) => [field, shapes[field]])), {
    additionalProperties: false,
    description: 'From when on somebody is told. An entry of alerts.limits that names the queue wins.',
  })
}

/** By `limitFields`, as text; `null` where a change takes one back, and what is left out is left out. */
export function flatLimits(alerts: object | undefined): readonly (readonly [LimitField, string | null])[] {
  const given = (alerts ?? {}) as Readonly<Record<string, string | number | null | undefined>>
  return limitFields.flatMap((field) => {
    const value = given[field]
    return value === undefined ? [] : [[field, value === null ? null : String(value)] as const]
  })
}

/** What was said by field, as text. */
export function limitOf(said: ReadonlyMap<string, string>): LimitDocument {
  const number = (field: LimitField): number | 'off' | undefined => {
    const text = said.get(field)
    return text === undefined || text === 'off' ? text : Number(text)
  }
  const least = said.get('deathLeast')
  const growth = (['on', 'off'] as const).find((each) => each === said.get('growth'))
  const silent = (['on', 'off', 'ticket'] as const).find((each) => each === said.get('silent'))
  return Object.fromEntries(
    Object.entries({
      open: number('open'),
      ageHours: number('ageHours'),
      deathPercent: number('deathPercent'),
      deathLeast: least === undefined ? undefined : Number(least),
      growth,
      silent,
    }).filter(([, value]) => value !== undefined),
  )
}
