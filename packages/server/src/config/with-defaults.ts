import path from 'node:path'
import type { AlertsConfig } from './alerts.ts'
import { archiveOf, type RawArchive } from './archive.ts'
import { type BrokerConfig, brokerDefaults } from './brokers.ts'
import { withCapDefaults } from './caps.ts'
import { defaultMasking, defaultRedaction, type MaskingConfig, type RedactionConfig } from './masking.ts'
import { type NotifierConfig, withNotifierDefaults } from './notifiers.ts'
import type { ReplayDocument } from './replay-policy.ts'
import { type RetentionDocument, withRetentionDefaults } from './retention.ts'
import type { ReviewConfig } from './review.ts'
import { type Config, defaults, type QueueConfig } from './schema.ts'

/** The file as it is written, once its schema found nothing. */
export interface RawConfig
  extends Partial<
    Omit<
      Config,
      | 'brokers'
      | 'http'
      | 'heartbeat'
      | 'alerts'
      | 'notifiers'
      | 'review'
      | 'retention'
      | 'replay'
      | 'archive'
      | 'causes'
      | 'masking'
      | 'redaction'
    >
  > {
  readonly retention?: RetentionDocument
  readonly tiers?: Readonly<Record<string, { readonly replay?: ReplayDocument }>>
  readonly masking?: Partial<MaskingConfig>
  readonly redaction?: Partial<RedactionConfig>
  readonly causes?: Partial<Config['causes']>
  readonly review?: Partial<ReviewConfig>
  readonly archive?: RawArchive
  readonly alerts?: Partial<AlertsConfig>
  readonly notifiers?: Readonly<Record<string, Pick<NotifierConfig, 'type'>>>
  readonly heartbeat?: { readonly url: string; readonly seconds?: number }
  readonly http?: Partial<Config['http']>
  readonly brokers?: Readonly<Record<string, Partial<BrokerConfig>>>
}

/** `REDRIVE_DATABASE_URL`, `REDRIVE_DATA` and `REDRIVE_PORT` win over the file. */
export function configOf(
  raw: RawConfig,
  { env, file }: { readonly env: NodeJS.ProcessEnv; readonly file: string },
): Config {
  const brokers = Object.entries(raw.brokers ?? {}).map(([name, broker]): [string, BrokerConfig] => [
    name,
    {
      receipts: brokerDefaults.receipts,
      consumer: brokerDefaults.consumer,
      ...(broker.type === 'pg-boss' ? { schema: brokerDefaults.schema } : {}),
      ...broker,
    } as BrokerConfig,
  ])
  return {
    data: env['REDRIVE_DATA'] ?? raw.data ?? defaults.data,
    database: env['REDRIVE_DATABASE_URL'] ?? raw.database ?? null,
    http: {
      ...defaults.http,
      ...raw.http,
      ...(env['REDRIVE_PORT'] === undefined ? {} : { port: Number(env['REDRIVE_PORT']) }),
    },
    brokers: Object.fromEntries(brokers),
    queues: (raw.queues ?? {}) as Readonly<Record<string, QueueConfig>>,
    outcomeWindowMinutes: raw.outcomeWindowMinutes ?? defaults.outcomeWindowMinutes,
    notifiers: withNotifierDefaults(raw.notifiers),
    alerts: { limits: [], routes: [], ...raw.alerts },
    review: { says: raw.review ?? {}, places: {} },
    retention: withRetentionDefaults(raw.retention),
    most: withCapDefaults(raw.retention?.most),
    replay: Object.fromEntries(Object.entries(raw.tiers ?? {}).map(([tier, of]) => [tier, of?.replay ?? {}])),
    archive: archiveOf(raw.archive, path.dirname(file)),
    masking: { ...defaultMasking, ...raw.masking },
    redaction: { ...defaultRedaction, ...raw.redaction },
    causes: { rules: [], ...raw.causes },
    heartbeat: raw.heartbeat === undefined ? null : { seconds: defaults.heartbeatSeconds, ...raw.heartbeat },
    file,
  }
}
