import { type Tier, tiers } from '@redrive/worker'
import { type TSchema, Type } from 'typebox'
import { flatLimits, type LimitDocument, limitFields, limitsShape, tierLimitFields } from './alert-limits.ts'
import { capFields, flatCap } from './caps.ts'
import { flatReplay, type ReplayDocument, replayFields, replayShape } from './replay-policy.ts'
import { flatRetention, type RetentionDocument, retentionFields, retentionShape } from './retention.ts'

/** How soon letters of a tier want somebody: now, at working hours, or with the next review. */
export const urgencies = ['page', 'ticket', 'review'] as const

export interface TierDocument {
  /** @default the queue's */
  readonly owner?: string
  readonly urgency?: (typeof urgencies)[number]
  /** What to do with letters of this tier. */
  readonly process?: string
  readonly retention?: RetentionDocument
  readonly replay?: ReplayDocument
  readonly alerts?: Pick<LimitDocument, (typeof tierLimitFields)[number]>
}

/** What people should know of a queue. */
export interface QueueDocument {
  /** Team that looks after it. */
  readonly owner?: string
  /** How to reach them. */
  readonly contact?: string
  /** Who produces its messages. */
  readonly source?: string
  /** What it looks like when it works, and when it does not, for somebody at 3 am. */
  readonly success?: string
  readonly failure?: string
  /** An address, or the text itself. */
  readonly runbook?: string
  /** What the key of its messages means. */
  readonly key?: string
  /** In the file: where a JSON Schema is, beside the file. Once loaded: its text. Edited bodies have to fit it. */
  readonly bodySchema?: string
  readonly retention?: RetentionDocument
  readonly alerts?: LimitDocument
  readonly tiers?: Readonly<Partial<Record<Tier, TierDocument>>>
}

const most = {
  owner: [200, 'Team that looks after it.'],
  contact: [500, 'How to reach them: a channel, a rota, an address.'],
  source: [500, 'Who produces its messages.'],
  success: [2_000, 'What it looks like when it works.'],
  failure: [2_000, 'What it looks like when it does not, and what that does to people.'],
  runbook: [2_000, 'Where to read what to do: an http(s) address, or the text itself.'],
  key: [500, 'What the key of its messages means.'],
} as const
const mostOfProcess = 4_000

/** Fields of a queue; those of its tiers are below `tiers`. */
export const queueFields: readonly string[] = [...Object.keys(most), 'bodySchema']
export const tierFields: readonly string[] = ['owner', 'urgency', 'process']
/** All of them by their paths: `owner`, `tiers.permanent.process`. */
export const documentFields: readonly string[] = [
  ...queueFields,
  ...[...retentionFields, ...capFields].map((field) => `retention.${field}`),
  ...limitFields.map((field) => `alerts.${field}`),
  ...tiers.flatMap((tier) => [
    ...tierFields.map((field) => `tiers.${tier}.${field}`),
    ...retentionFields.map((field) => `tiers.${tier}.retention.${field}`),
    ...replayFields.map((field) => `tiers.${tier}.replay.${field}`),
    ...tierLimitFields.map((field) => `tiers.${tier}.alerts.${field}`),
  ]),
]

/** Something to read in it, and nothing that the store cannot hold. */
export const something = '^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$'
export const words = (maxLength: number, description: string): TSchema =>
  Type.String({ maxLength, pattern: something, description })

/**
 * The shapes of all fields but `bodySchema`, which is a file's name in the file and its text elsewhere.
 * @param wrap makes one of them what it is there: optional, or also `null`
 * @param options.byApi without what only a file may say
 */
export function documentShapes(
  wrap: (schema: TSchema) => TSchema,
  options: { readonly byApi?: boolean } = {},
): Record<string, TSchema> {
  const tier = Type.Object(
    {
      owner: wrap(words(most.owner[0], "Team that looks after letters of this tier; default the queue's.")),
      urgency: wrap(
        Type.Enum([...urgencies], {
          description: 'page: now. ticket: at working hours. review: with the next review.',
        }),
      ),
      process: wrap(words(mostOfProcess, 'What to do with letters of this tier.')),
      retention: Type.Optional(retentionShape(wrap, { ofTier: true })),
      replay: Type.Optional(replayShape(wrap, options)),
      alerts: Type.Optional(limitsShape(wrap, { ofTier: true })),
    },
    { additionalProperties: false },
  )
  return {
    ...Object.fromEntries(Object.entries(most).map(([field, [max, what]]) => [field, wrap(words(max, what))])),
    retention: Type.Optional(retentionShape(wrap)),
    alerts: Type.Optional(limitsShape(wrap)),
    tiers: Type.Optional(
      Type.Record(Type.String({ pattern: `^(${tiers.join('|')})$` }), tier, {
        description: `What to do by kind of failure: ${tiers.join(', ')}.`,
        additionalProperties: false,
      }),
    ),
  }
}

/** Its fields by their paths; `null` where a change takes one back. */
export function flatDocument(document: object): Readonly<Record<string, string | null>> {
  const { tiers: byTier = {}, ...own } = document as Fields & { readonly tiers?: Readonly<Record<string, Fields>> }
  return Object.fromEntries([
    ...flatFields(own, queueFields),
    ...Object.entries(byTier).flatMap(([tier, fields]) =>
      flatFields(fields ?? {}, tierFields).map(([field, value]) => [`tiers.${tier}.${field}`, value] as const),
    ),
  ])
}

function flatFields(from: Fields, names: readonly string[]): readonly (readonly [string, string | null])[] {
  const texts = from as Readonly<Record<string, string | null | undefined>>
  return [
    ...names.flatMap((name) => {
      const value = texts[name]
      return value === undefined ? [] : [[name, value] as const]
    }),
    ...[...flatRetention(from.retention), ...flatCap(from.retention?.most)].map(
      ([field, value]) => [`retention.${field}`, value] as const,
    ),
    ...flatReplay(from.replay).map(([field, value]) => [`replay.${field}`, value] as const),
    ...flatLimits(from.alerts).map(([field, value]) => [`alerts.${field}`, value] as const),
  ]
}

interface Fields {
  readonly retention?: { readonly most?: object }
  readonly replay?: object
  readonly alerts?: object
}
