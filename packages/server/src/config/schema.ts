import { Type } from 'typebox'
import { type AlertsConfig, alertsSchema } from './alerts.ts'
import { type ArchiveConfig, archiveSchema } from './archive.ts'
import { type BrokerConfig, brokerSchemaByType } from './brokers.ts'
import type { CapPolicy } from './caps.ts'
import { causesSchema, type RuleConfig } from './cause-rules.ts'
import { type MaskingConfig, maskingSchema, type RedactionConfig, redactionSchema } from './masking.ts'
import { type NotifierConfig, notifierSchemaByType } from './notifiers.ts'
import { documentShapes, type QueueDocument } from './queue-document.ts'
import { officeTiersShape, type ReplayByTier } from './replay-policy.ts'
import { type RetentionPolicy, retentionShape } from './retention.ts'
import { type ReviewDocument, reviewSchema } from './review.ts'

/** What `redrive.yaml` says once it is read: references resolved, defaults filled in. */
export interface Config {
  /** Folder of the embedded database, the token and the log. @default '.redrive' */
  readonly data: string
  /** A PostgreSQL of one's own; `null` runs the embedded one. */
  readonly database: string | null
  readonly http: {
    readonly host: string
    readonly port: number
    /** Where people reach the office, for links in notifications; `null`: they have none. */
    readonly url: string | null
  }
  /** Named connections. */
  readonly brokers: Readonly<Record<string, BrokerConfig>>
  readonly queues: Readonly<Record<string, QueueConfig>>
  /** After this long without a receipt or a return an outcome is `presumed` or `unknown`. @default 15 */
  readonly outcomeWindowMinutes: number
  /** An address that is told that the office lives; `null`: none is. */
  readonly heartbeat: { readonly url: string; readonly seconds: number } | null
  /** Who can be told, by name. */
  readonly notifiers: Readonly<Record<string, NotifierConfig>>
  /** What is too much, and who is told. Without routes all notifiers are, and without notifiers the log. */
  readonly alerts: AlertsConfig
  readonly review: ReviewDocument
  /** Of queues and tiers that say nothing else. */
  readonly retention: RetentionPolicy
  /** How much each queue keeps that says nothing else. */
  readonly most: CapPolicy
  /** What is sent again without a person, of tiers of which their queue says nothing else. */
  readonly replay: ReplayByTier
  /** Where archived letters lie; `null`: nothing can be archived. */
  readonly archive: ArchiveConfig | null
  /** What is not shown, and to whom. */
  readonly masking: MaskingConfig
  /** What is never kept. */
  readonly redaction: RedactionConfig
  /** Which letters belong together, where the office is to see it otherwise. */
  readonly causes: { readonly rules: readonly RuleConfig[] }
  /** Where this was read from, or would have been, as a full path. */
  readonly file: string
}

export interface QueueConfig extends QueueDocument {
  /** What becomes of uncertain letters of which nothing more can be known. @default 'hold' */
  readonly uncertain?: 'hold' | 'resend-marked'
  /** Where its fields are written, by their paths: `/etc/redrive.yaml:14`. */
  readonly at?: Readonly<Record<string, string>>
}

export const defaults = {
  data: '.redrive',
  http: { host: '127.0.0.1', port: 7070, url: null },
  outcomeWindowMinutes: 15,
  heartbeatSeconds: 60,
} as const

const closed = { additionalProperties: false } as const
const secret = 'A password is given by reference only: ${env:NAME} or ${file:/path}.'

/** Everything but what differs by type, which `brokerSchemaByType` and `notifierSchemaByType` check. */
export const fileSchema: object = Type.Object(
  {
    data: Type.Optional(Type.String({ description: 'Data folder.', default: defaults.data, minLength: 1 })),
    database: Type.Optional(
      Type.String({ description: `postgres://… of your own; without it an embedded one runs. ${secret}` }),
    ),
    http: Type.Optional(
      Type.Object(
        {
          host: Type.Optional(Type.String({ default: defaults.http.host, minLength: 1 })),
          port: Type.Optional(Type.Integer({ default: defaults.http.port, minimum: 0, maximum: 65_535 })),
          url: Type.Optional(
            Type.String({
              description:
                'Where people reach this office, as https://redrive.internal; notifications hold links to it. Without it they hold none.',
              pattern: '^(https?://[^\\s/]|\\$\\{)',
              maxLength: 1_000,
            }),
          ),
        },
        closed,
      ),
    ),
    brokers: Type.Optional(
      Type.Record(Type.String({ pattern: '^[A-Za-z][A-Za-z0-9-]{0,31}$' }), Type.Object({ type: Type.String() }), {
        description: 'Named connections.',
        ...closed,
      }),
    ),
    queues: Type.Optional(
      Type.Record(
        Type.String({ minLength: 1, maxLength: 249 }),
        Type.Object(
          {
            ...documentShapes(Type.Optional),
            uncertain: Type.Optional(
              Type.Union([Type.Literal('hold'), Type.Literal('resend-marked')], {
                description:
                  'Replays of which nobody can find out whether they arrived: hold leaves the letters uncertain; resend-marked opens them again once nobody waits for receipts any more, and marks their next replays as possible duplicates.',
                default: 'hold',
              }),
            ),
            bodySchema: Type.Optional(
              Type.String({
                description: 'File of a JSON Schema that edited bodies have to fit; relative to this file.',
                minLength: 1,
                maxLength: 1_000,
              }),
            ),
          },
          closed,
        ),
      ),
    ),
    tiers: Type.Optional(officeTiersShape),
    notifiers: Type.Optional(
      Type.Record(Type.String({ pattern: '^[A-Za-z][A-Za-z0-9-]{0,31}$' }), Type.Object({ type: Type.String() }), {
        description: 'Who can be told, by name; log is always there.',
        maxProperties: 50,
        ...closed,
      }),
    ),
    alerts: Type.Optional(alertsSchema),
    review: Type.Optional(reviewSchema),
    retention: Type.Optional(retentionShape(Type.Optional)),
    archive: Type.Optional(archiveSchema),
    masking: Type.Optional(maskingSchema),
    redaction: Type.Optional(redactionSchema),
    causes: Type.Optional(causesSchema),
    heartbeat: Type.Optional(
      Type.Object(
        {
          url: Type.String({
            description: `Asked for with GET while the office lives and its database answers; whoever watches it notices our death. ${secret}`,
            pattern: '^(https?://[^\\s/]|\\$\\{)',
          }),
          seconds: Type.Optional(
            Type.Integer({ description: 'How often.', default: defaults.heartbeatSeconds, minimum: 5, maximum: 3_600 }),
          ),
        },
        closed,
      ),
    ),
    outcomeWindowMinutes: Type.Optional(
      Type.Number({ default: defaults.outcomeWindowMinutes, exclusiveMinimum: 0, maximum: 10_080 }),
    ),
  },
  closed,
)

/** The published JSON Schema of `redrive.yaml`. */
export function publishedSchema(): object {
  const schema = structuredClone(fileSchema) as { properties: Record<'brokers' | 'notifiers', object> }
  const { brokers, notifiers } = schema.properties
  const named = (byType: Readonly<Record<string, object>>): object => ({
    '^[A-Za-z][A-Za-z0-9-]{0,31}$': { oneOf: Object.values(byType) },
  })
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'redrive.yaml',
    ...schema,
    properties: {
      ...schema.properties,
      brokers: { ...brokers, patternProperties: named(brokerSchemaByType) },
      notifiers: { ...notifiers, patternProperties: named(notifierSchemaByType) },
    },
  }
}
