import { freePort } from './free-port.ts'
import { type Kafka, startKafka } from './kafka.ts'
import { testPem } from './test-pem.ts'

/** A broker that is reached in plain text, over TLS with a login, and over TLS with a certificate of the client. */
export interface SecuredKafka {
  readonly kafka: Kafka
  /** `localhost:port`; takes PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 from `user`. */
  readonly login: string
  /** `localhost:port`; takes who has a certificate of `ca`. */
  readonly mutual: string
  readonly user: { readonly username: string; readonly password: string }
}

const user = { username: 'office', password: 'p4ssword-of-the-office' }

export async function startSecuredKafka(): Promise<SecuredKafka> {
  const [plain, controller, login, mutual] = [await freePort(), await freePort(), await freePort(), await freePort()]
  const oneLine = (pem: string): string => pem.trim().replaceAll('\n', '\\n')
  const keys = {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.certificate.chain': oneLine(testPem('server')),
    'ssl.keystore.key': oneLine(testPem('server-key')),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.certificates': oneLine(testPem('ca')),
  }
  const of = (listener: string, settings: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(settings).map(([key, value]) => [`listener.name.${listener}.${key}`, value]))
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  const kafka = await startKafka({
    port: plain,
    scram: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map(
      (name) => `${name}=[name=${user.username},password=${user.password}]`,
    ),
    settings: {
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
      listeners: `PLAINTEXT://127.0.0.1:${plain},CONTROLLER://127.0.0.1:${controller},LOGIN://127.0.0.1:${login},MUTUAL://127.0.0.1:${mutual}`,
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${plain},LOGIN://localhost:${login},MUTUAL://localhost:${mutual}`,
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_SSL,MUTUAL:SSL',
      ...of('login', {
        ...keys,
        'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
        'plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required user_${user.username}="${user.password}";`,
        'scram-sha-256.sasl.jaas.config': scram,
        'scram-sha-512.sasl.jaas.config': scram,
      }),
      ...of('mutual', { ...keys, 'ssl.client.auth': 'required' }),
    },
  })
  return { kafka, login: `localhost:${login}`, mutual: `localhost:${mutual}`, user }
}
