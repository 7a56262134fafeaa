import { type TSchema, Type } from 'typebox'
import { type CapDocument, capShape, flatCap } from './caps.ts'

/** What becomes of letters once their time is over. */
export const retentionActions = ['delete', 'archive', 'keep'] as const
export type RetentionAction = (typeof retentionActions)[number]

/** How long letters are kept. What a tier leaves out is the queue's, and what a queue leaves out is the office's. */
export interface RetentionDocument {
  /** Days since a letter was replayed or discarded. @default 30 */
  readonly keepDays?: number
  /** @default 'delete' */
  readonly afterwards?: RetentionAction
  /** Letters that nobody replayed or discarded. */
  readonly open?: {
    /** Days since anything happened to the letter. @default 90 */
    readonly keepDays?: number
    /** @default 'keep' */
    readonly afterwards?: RetentionAction
    /** Those of causes that nobody has looked at: `end` treats them as all others. @default 'keep' */
    readonly neverLookedAt?: 'keep' | 'end'
  }
  /** Of a queue or the office, not of a tier. */
  readonly most?: CapDocument
}

/** The same with nothing left out, but for `most`. */
export interface RetentionPolicy {
  readonly keepDays: number
  readonly afterwards: RetentionAction
  readonly open: {
    readonly keepDays: number
    readonly afterwards: RetentionAction
    readonly neverLookedAt: 'keep' | 'end'
  }
}

export const defaultRetention: RetentionPolicy = {
  keepDays: 30,
  afterwards: 'delete',
  open: { keepDays: 90, afterwards: 'keep', neverLookedAt: 'keep' },
}

/** Its fields by their paths, as a queue's document has them. */
export const retentionFields = [
  'keepDays',
  'afterwards',
  'open.keepDays',
  'open.afterwards',
  'open.neverLookedAt',
] as const

/** A discard can be undone for so long: `undoDays` of letters. */
const leastDays = 7
const mostDays = 36_500

/**
 * @param wrap makes a field what it is there: optional, or also `null`
 * @param options.ofTier a tier has no cap of its own
 */
export function retentionShape(
  wrap: (schema: TSchema) => TSchema,
  { ofTier = false }: { readonly ofTier?: boolean } = {},
): TSchema {
  const days = (minimum: number, description: string): TSchema =>
    wrap(Type.Integer({ minimum, maximum: mostDays, description }))
  const action = (description: string): TSchema => wrap(Type.Enum([...retentionActions], { description }))
  return Type.Object(
    {
      keepDays: days(leastDays, `Days since a letter was replayed or discarded; default ${defaultRetention.keepDays}.`),
      afterwards: action(`What becomes of it then; default ${defaultRetention.afterwards}.`),
      open: Type.Optional(
        Type.Object(
          {
            keepDays: days(
              leastDays,
              `Days since anything happened to the letter; default ${defaultRetention.open.keepDays}.`,
            ),
            afterwards: action(`What becomes of it then; default ${defaultRetention.open.afterwards}.`),
            neverLookedAt: wrap(
              Type.Enum(['keep', 'end'], {
                description: `Letters of causes that nobody has looked at: end treats them as all others; default ${defaultRetention.open.neverLookedAt}.`,
              }),
            ),
          },
          { additionalProperties: false, description: 'Letters that nobody replayed or discarded.' },
        ),
      ),
      ...(ofTier ? {} : { most: Type.Optional(capShape(wrap)) }),
    },
    { additionalProperties: false, description: 'How long letters are kept, and what becomes of them then.' },
  )
}

type Value = string | number | null | undefined

/** By `retentionFields`, as text; `null` where a change takes one back, and what is left out is left out. */
export function flatRetention(
  retention: object | undefined,
): readonly (readonly [(typeof retentionFields)[number], string | null])[] {
  const { open = {}, ...own } = (retention ?? {}) as Readonly<Record<string, Value>> & {
    readonly open?: Readonly<Record<string, Value>>
  }
  return retentionFields.flatMap((field) => {
    const value = field.startsWith('open.') ? open[field.slice('open.'.length)] : own[field]
    return value === undefined ? [] : [[field, value === null ? null : String(value)] as const]
  })
}

/** The first of the sources that says a field counts for it. @param says by field, as text; the nearest first */
export function retentionOf(
  says: readonly ((field: (typeof retentionFields)[number]) => string | undefined)[],
  office: RetentionPolicy,
): RetentionPolicy {
  const said = (field: (typeof retentionFields)[number]): string | undefined => {
    for (const each of says) {
      const value = each(field)
      if (value !== undefined) return value
    }
    return undefined
  }
  const action = (field: 'afterwards' | 'open.afterwards', otherwise: RetentionAction): RetentionAction =>
    retentionActions.find((each) => each === said(field)) ?? otherwise
  const days = (field: 'keepDays' | 'open.keepDays', otherwise: number): number => Number(said(field) ?? otherwise)
  return {
    keepDays: days('keepDays', office.keepDays),
    afterwards: action('afterwards', office.afterwards),
    open: {
      keepDays: days('open.keepDays', office.open.keepDays),
      afterwards: action('open.afterwards', office.open.afterwards),
      neverLookedAt: (said('open.neverLookedAt') ?? office.open.neverLookedAt) === 'end' ? 'end' : 'keep',
    },
  }
}

/** What the office itself says, with the defaults. */
export function withRetentionDefaults(given: RetentionDocument | undefined): RetentionPolicy {
  const { most: _, open, ...own } = given ?? {}
  return { ...defaultRetention, ...own, open: { ...defaultRetention.open, ...open } }
}

/** What the shapes cannot say: letters can only be archived where a place is named. */
export function retentionIssues(raw: {
  readonly retention?: RetentionDocument
  readonly archive?: unknown
  readonly queues?: Readonly<
    Record<string, { readonly retention?: RetentionDocument; readonly tiers?: Readonly<Record<string, Retaining>> }>
  >
}): readonly { readonly path: readonly string[]; readonly message: string }[] {
  if (raw.archive !== undefined) return []
  const placed: readonly (readonly [readonly string[], RetentionDocument | undefined])[] = [
    [['retention'], raw.retention],
    ...Object.entries(raw.queues ?? {}).flatMap(([name, queue]) => [
      [['queues', name, 'retention'], queue.retention] as const,
      ...Object.entries(queue.tiers ?? {}).map(
        ([tier, of]) => [['queues', name, 'tiers', tier, 'retention'], of?.retention] as const,
      ),
    ]),
  ]
  return placed.flatMap(([path, retention]) =>
    [...flatRetention(retention), ...flatCap(retention?.most)].flatMap(([field, value]) =>
      value === 'archive'
        ? [{ path: [...path, ...field.split('.')], message: 'names no place: say where under archive' }]
        : [],
    ),
  )
}

interface Retaining {
  readonly retention?: RetentionDocument
}
