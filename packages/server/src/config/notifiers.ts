import { type TSchema, Type } from 'typebox'

interface Paced {
  /** Most notices in a minute. @default 60 */
  readonly perMinute: number
}

export type WebhookConfig = Paced & {
  readonly type: 'webhook'
  readonly url: string
  /** `whsec_` and base64: what its requests are signed with. */
  readonly secret: string
}

export type SlackConfig = Paced & {
  readonly type: 'slack'
  /** An incoming webhook: whoever knows it may write to the channel. */
  readonly url: string
}

export type PagerDutyConfig = Paced & {
  readonly type: 'pagerduty'
  /** Of an integration of version 2 of the Events API. */
  readonly routingKey: string
  readonly url: string
}

export type EmailConfig = Paced & {
  readonly type: 'email'
  /** `smtp://host:port`, which has to take STARTTLS, or `smtps://host:port`. */
  readonly url: string
  readonly user?: string
  readonly password?: string
  readonly from: string
  readonly to: readonly string[]
  /** `off`: nothing is encrypted, and no password is sent but to the machine itself. @default 'on' */
  readonly tls: 'on' | 'off'
}

export type AlertmanagerConfig = Paced & {
  readonly type: 'alertmanager'
  /** Its root, without `/api/v2`. */
  readonly url: string
  readonly user?: string
  readonly password?: string
  readonly token?: string
}

export type NotifierConfig = WebhookConfig | SlackConfig | PagerDutyConfig | EmailConfig | AlertmanagerConfig

const perMinute = 60
/** What a file may leave out. */
const defaultsByType: Readonly<Partial<Record<NotifierConfig['type'], object>>> = {
  pagerduty: { url: 'https://events.pagerduty.com/v2/enqueue' },
  email: { tls: 'on' },
}

export function withNotifierDefaults(
  notifiers: Readonly<Record<string, Pick<NotifierConfig, 'type'>>> = {},
): Readonly<Record<string, NotifierConfig>> {
  return Object.fromEntries(
    Object.entries(notifiers).map(([name, notifier]) => [
      name,
      { perMinute, ...defaultsByType[notifier.type], ...notifier } as NotifierConfig,
    ]),
  )
}

/** Settings of notifiers that stand in no file. */
export const notifierSecrets: ReadonlySet<string> = new Set(['secret', 'routingKey', 'password', 'token'])

const closed = { additionalProperties: false } as const
const byReference = 'by reference only: ${env:NAME} or ${file:/path}'
const webPattern = '^(https?://[^\\s/]|\\$\\{)'
const mailboxPattern = '^([^\\s@<>()\\[\\],;:"\\\\]{1,64}@[^\\s@<>()\\[\\],;:"\\\\]{1,255}|.*\\$\\{.*)$'

const paced = {
  perMinute: Type.Optional(
    Type.Integer({
      description: 'Most notices in a minute; what is beyond waits.',
      default: perMinute,
      minimum: 1,
      maximum: 600,
    }),
  ),
}
const user = Type.Optional(Type.String({ description: 'Name to log in with.', minLength: 1, maxLength: 500 }))
const password = Type.Optional(
  Type.String({ description: `The password of the user, ${byReference}.`, maxLength: 1_000 }),
)
const mailbox = { pattern: mailboxPattern, maxLength: 1_000 }

const schemas = {
  webhook: Type.Object(
    {
      type: Type.Literal('webhook', { description: 'A signed POST of each notice.' }),
      url: Type.String({ description: 'Where to.', pattern: webPattern, maxLength: 2_000 }),
      secret: Type.String({
        description: `whsec_ and at least 24 bytes in base64, ${byReference}.`,
        maxLength: 1_000,
      }),
      ...paced,
    },
    closed,
  ),
  slack: Type.Object(
    {
      type: Type.Literal('slack', { description: 'A message in a channel of Slack.' }),
      url: Type.String({
        description: `An incoming webhook of the channel; a secret, ${byReference}.`,
        pattern: webPattern,
        maxLength: 2_000,
      }),
      ...paced,
    },
    closed,
  ),
  pagerduty: Type.Object(
    {
      type: Type.Literal('pagerduty', { description: 'An alert by the Events API of PagerDuty, version 2.' }),
      routingKey: Type.String({
        description: `The integration key, ${byReference}.`,
        maxLength: 1_000,
      }),
      url: Type.Optional(
        Type.String({
          description: 'Where events go, as https://events.eu.pagerduty.com/v2/enqueue.',
          default: 'https://events.pagerduty.com/v2/enqueue',
          pattern: webPattern,
          maxLength: 2_000,
        }),
      ),
      ...paced,
    },
    closed,
  ),
  email: Type.Object(
    {
      type: Type.Literal('email', { description: 'A mail by SMTP.' }),
      url: Type.String({
        description: 'smtp://host:port, which has to take STARTTLS, or smtps://host:port; without a port 587 or 465.',
        pattern: '^(smtps?://[^\\s/]|\\$\\{)',
        maxLength: 1_000,
      }),
      user,
      password,
      from: Type.String({ description: 'Address of the sender.', ...mailbox }),
      to: Type.Array(Type.String(mailbox), { description: 'Addresses.', minItems: 1, maxItems: 50 }),
      tls: Type.Optional(
        Type.Enum(['on', 'off'], {
          description: 'off: nothing is encrypted; then a password is sent to the machine itself only.',
          default: 'on',
        }),
      ),
      ...paced,
    },
    closed,
  ),
  alertmanager: Type.Object(
    {
      type: Type.Literal('alertmanager', { description: 'An alert of an Alertmanager of Prometheus.' }),
      url: Type.String({
        description: 'Its root, without /api/v2.',
        pattern: webPattern,
        maxLength: 2_000,
      }),
      user,
      password,
      token: Type.Optional(
        Type.String({
          description: `A bearer token, in place of user and password, ${byReference}.`,
          maxLength: 10_000,
        }),
      ),
      ...paced,
    },
    closed,
  ),
} as const

/** By `type`, so that a mistake in one is not explained as five different mistakes. */
export const notifierSchemaByType: Readonly<Record<string, TSchema>> = schemas
