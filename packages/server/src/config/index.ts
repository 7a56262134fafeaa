export { type AlertLimit, type LimitDocument, limitFields, limitOf, tierLimitFields } from './alert-limits.ts'
export {
  type AlertRoute,
  type AlertRule,
  type AlertsConfig,
  alertRuleNames,
  logNotifier,
  type QuietTime,
  type Weekday,
  weekdays,
} from './alerts.ts'
export type { ArchiveConfig, S3Config } from './archive.ts'
export { bodySchemaProblem } from './body-schemas.ts'
export type { BrokerConfig } from './brokers.ts'
export {
  type CapAction,
  type CapOpenAction,
  type CapPolicy,
  capActions,
  capFields,
  capOf,
  capOpenActions,
  noCap,
  shareOf,
} from './caps.ts'
export type { RuleConfig } from './cause-rules.ts'
export { globMatcher } from './glob.ts'
export { type ConfigIssue, issuesIn, loadConfig, parseConfig } from './load.ts'
export {
  defaultMasking,
  defaultRedaction,
  type MaskingConfig,
  type MaskRule,
  type NamingRule,
  type PatternName,
  patternNames,
  type RedactionConfig,
} from './masking.ts'
export { headersInTitles, isMaskedHeader } from './named-headers.ts'
export type {
  AlertmanagerConfig,
  EmailConfig,
  NotifierConfig,
  PagerDutyConfig,
  SlackConfig,
  WebhookConfig,
} from './notifiers.ts'
export {
  documentFields,
  documentShapes,
  flatDocument,
  type QueueDocument,
  queueFields,
  tierFields,
  urgencies,
} from './queue-document.ts'
export {
  defaultReplay,
  flatReplay,
  neverSent,
  type ReplayByTier,
  type ReplayDocument,
  type ReplayPolicy,
  replayFields,
  replayOf,
} from './replay-policy.ts'
export {
  defaultRetention,
  type RetentionAction,
  type RetentionPolicy,
  retentionActions,
  retentionFields,
  retentionOf,
} from './retention.ts'
export {
  defaultReview,
  type ReviewConfig,
  type ReviewDocument,
  reviewFields,
  reviewIssues,
  reviewNotifiers,
  reviewShapes,
} from './review.ts'
export {
  type Config,
  defaults,
  publishedSchema,
  type QueueConfig,
} from './schema.ts'
export { isSecretName } from './secret-names.ts'
