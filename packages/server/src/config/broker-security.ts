import { createPrivateKey, X509Certificate } from 'node:crypto'
import { Type } from 'typebox'

/** How a connection is encrypted; empty: to whom Node trusts. Names are those of `tls.connect` in Node, texts are PEM. */
export interface TlsConfig {
  /** Whom to trust. @default the authorities that Node trusts */
  readonly ca?: string
  /** Who we are, where the server asks for it; with `key`. */
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
}

/** As Kafka writes them. */
export type SaslMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

export interface SaslConfig {
  readonly mechanism: SaslMechanism
  readonly username: string
  readonly password: string
}

/** What may stand in the file by reference only. */
export const brokerSecrets: ReadonlySet<string> = new Set(['password', 'key', 'passphrase'])

const closed = { additionalProperties: false } as const
const byReference = 'Given by reference only: ${env:NAME} or ${file:/path}.'

export const tlsSchema = Type.Object(
  {
    ca: Type.Optional(
      Type.String({
        description: 'PEM of the authorities to trust, as ${file:/path}.',
        minLength: 1,
        maxLength: 1_000_000,
      }),
    ),
    cert: Type.Optional(
      Type.String({
        description: 'PEM of our certificate, as ${file:/path}; with key.',
        minLength: 1,
        maxLength: 1_000_000,
      }),
    ),
    key: Type.Optional(
      Type.String({ description: `PEM of the key of cert. ${byReference}`, minLength: 1, maxLength: 1_000_000 }),
    ),
    passphrase: Type.Optional(Type.String({ description: `Of key. ${byReference}`, minLength: 1, maxLength: 10_000 })),
  },
  {
    ...closed,
    description: 'Encrypted; empty: to whom Node trusts. Without it letters and names travel in plain text.',
  },
)

export const saslSchema = Type.Object(
  {
    mechanism: Type.Enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']),
    username: Type.String({ minLength: 1, maxLength: 1_000 }),
    password: Type.String({ description: byReference, minLength: 1, maxLength: 10_000 }),
  },
  closed,
)

/** What of a connection says how it is secured; of one whose shape may still be wrong. */
interface Connection {
  readonly type?: string
  readonly url?: string
  readonly brokers?: readonly string[]
  readonly tls?: TlsConfig
  readonly sasl?: SaslConfig
}

interface Issue {
  readonly path: readonly string[]
  readonly message: string
}

/** What the shapes cannot say of how brokers are secured, once references are resolved. */
export function brokerSecurityIssues(brokers: Readonly<Record<string, Connection>>): readonly Issue[] {
  return Object.entries(brokers).flatMap(([name, broker]) =>
    problemsOf(broker).map(({ key, message }) => ({ path: ['brokers', name, ...key.split('.')], message })),
  )
}

interface Problem {
  /** Of the setting, from the broker on. */
  readonly key: string
  readonly message: string
}

function problemsOf(broker: Connection): readonly Problem[] {
  if (broker.type === 'rabbitmq') {
    const { tls, url = '' } = broker
    if (tls === undefined) return []
    const isPlain = !url.startsWith('amqps:')
    return [
      ...(isPlain ? [{ key: 'tls', message: 'is given, and the address is not encrypted; write amqps://' }] : []),
      ...tlsProblems(tls),
    ]
  }
  if (broker.type !== 'kafka') return []
  const { tls, sasl, brokers = [] } = broker
  const isInTheOpen = sasl?.mechanism === 'PLAIN' && tls === undefined && !brokers.every(isLoopback)
  return [
    ...(isInTheOpen
      ? [
          {
            key: 'sasl',
            message: 'would send the password in plain text; write tls: {} beside it, or take SCRAM-SHA-512',
          },
        ]
      : []),
    ...(tls === undefined ? [] : tlsProblems(tls)),
  ]
}

function isLoopback(broker: string): boolean {
  return /^(localhost|127(\.[0-9]{1,3}){3}):/.test(broker)
}

function tlsProblems({ ca, cert, key, passphrase }: TlsConfig): readonly Problem[] {
  const problems: Problem[] = []
  const say = (which: keyof TlsConfig, message: string): void => void problems.push({ key: `tls.${which}`, message })
  if (ca !== undefined && certificateOf(ca) === null) say('ca', 'holds no certificate in PEM form')
  if (cert === undefined && key !== undefined) say('key', 'has no cert beside it')
  if (cert !== undefined && key === undefined) say('cert', 'has no key beside it')
  const ours = cert === undefined ? null : certificateOf(cert)
  if (cert !== undefined && ours === null) say('cert', 'holds no certificate in PEM form')
  if (key === undefined) return problems
  const secret = privateKeyOf(key, passphrase)
  if (secret === null) say('key', 'is no private key in PEM form that this passphrase opens')
  else if (ours !== null && !ours.checkPrivateKey(secret)) say('key', 'is not the key of cert')
  return problems
}

function certificateOf(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem)
  } catch {
    return null
  }
}

function privateKeyOf(pem: string, passphrase: string | undefined): ReturnType<typeof createPrivateKey> | null {
  try {
    return createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) })
  } catch {
    return null
  }
}
