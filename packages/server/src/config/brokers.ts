import { Type } from 'typebox'
import { type SaslConfig, saslSchema, type TlsConfig, tlsSchema } from './broker-security.ts'

interface Captured {
  /** Dead-letter places to capture from. */
  readonly deadLetters: readonly string[]
  /** @default 'redrive-receipts' */
  readonly receipts: string
  /** Name the office reads under. @default 'redrive-office' */
  readonly consumer: string
  /** Where it is written, for messages: `redrive.yaml:3:5`. */
  readonly at?: string
}

export type BrokerConfig = Captured &
  (
    | {
        readonly type: 'kafka'
        readonly brokers: readonly string[]
        /** @default in plain text */
        readonly tls?: TlsConfig
        readonly sasl?: SaslConfig
      }
    | {
        readonly type: 'rabbitmq'
        readonly url: string
        /** Of an address that begins with amqps://. */
        readonly tls?: TlsConfig
        /** The HTTP API, which tells how long queues keep letters. */
        readonly management?: { readonly url: string }
      }
    /** `url: embedded` is the office's own server. */
    | { readonly type: 'pg-boss'; readonly url: string; readonly schema: string }
  )

export const brokerDefaults = { receipts: 'redrive-receipts', consumer: 'redrive-office', schema: 'pgboss' } as const

const closed = { additionalProperties: false } as const
const secret = 'A password is given by reference only: ${env:NAME} or ${file:/path}.'

const captured = {
  deadLetters: Type.Array(Type.String({ minLength: 1, maxLength: 249 }), {
    description: 'Dead-letter places to capture from.',
    minItems: 1,
    maxItems: 1_000,
  }),
  receipts: Type.Optional(
    Type.String({
      description: 'Where workers report replays.',
      default: brokerDefaults.receipts,
      minLength: 1,
      maxLength: 249,
    }),
  ),
  consumer: Type.Optional(
    Type.String({
      description: 'Name the office reads under.',
      default: brokerDefaults.consumer,
      minLength: 1,
      maxLength: 200,
    }),
  ),
}

const brokerSchemas = {
  kafka: Type.Object(
    {
      type: Type.Literal('kafka'),
      brokers: Type.Array(Type.String({ pattern: '^[^\\s:/]+:[0-9]{1,5}$' }), {
        description: 'host:port',
        minItems: 1,
      }),
      tls: Type.Optional(tlsSchema),
      sasl: Type.Optional(saslSchema),
      ...captured,
    },
    closed,
  ),
  rabbitmq: Type.Object(
    {
      type: Type.Literal('rabbitmq'),
      url: Type.String({ description: `amqp://… or amqps://… ${secret}` }),
      tls: Type.Optional(tlsSchema),
      management: Type.Optional(
        Type.Object(
          {
            url: Type.String({
              description: `http://user:…@host:15672, which tells how long queues keep letters. ${secret}`,
            }),
          },
          closed,
        ),
      ),
      ...captured,
    },
    closed,
  ),
  'pg-boss': Type.Object(
    {
      type: Type.Literal('pg-boss'),
      url: Type.String({ description: `postgres://…, or the word embedded for the office's own server. ${secret}` }),
      schema: Type.Optional(Type.String({ default: brokerDefaults.schema, pattern: '^[a-z_][a-z0-9_]{0,49}$' })),
      ...captured,
    },
    closed,
  ),
} as const

/** By `type`, so that a mistake in a Kafka connection is not explained as three different mistakes. */
export const brokerSchemaByType: Readonly<Record<string, object>> = brokerSchemas
