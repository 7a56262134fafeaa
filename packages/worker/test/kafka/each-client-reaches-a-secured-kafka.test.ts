import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as platformatic from '@platformatic/kafka'
import { Kafka, logLevel } from 'kafkajs'
import { loadConfluent } from '../../../../tools/confluent/install.ts'
import { type SecuredKafka, startSecuredKafka } from '../../../../tools/servers/secured-kafka.ts'
import { testPem, testPemFile } from '../../../../tools/servers/test-pem.ts'
import type { Broker } from '../../src/broker.ts'
import type { ConfluentModule } from '../../src/brokers/kafka/confluent-client.ts'
import { kafkaBroker } from '../../src/brokers/kafka/index.ts'
import './end-with-tests.ts'

let secured: SecuredKafka

before(async () => {
  secured = await startSecuredKafka()
})
after(() => secured.kafka.stop())

const clientId = 'worker'
const ca = testPem('ca')

/** As docs/brokers/kafka.md says it for each client. */
const clients: Readonly<Record<string, () => Broker | Promise<Broker>>> = {
  '@platformatic/kafka': () =>
    kafkaBroker({
      client: platformatic,
      connection: {
        clientId,
        bootstrapBrokers: [secured.login],
        tls: { ca },
        sasl: { mechanism: 'SCRAM-SHA-512', ...secured.user },
      },
    }),
  kafkajs: () =>
    kafkaBroker({
      client: new Kafka({
        clientId,
        brokers: [secured.login],
        ssl: { ca },
        sasl: { mechanism: 'scram-sha-512', ...secured.user },
        logLevel: logLevel.NOTHING,
      }),
    }),
  '@confluentinc/kafka-javascript': async () =>
    kafkaBroker({
      client: await loadConfluent<ConfluentModule>(),
      connection: {
        'client.id': clientId,
        'bootstrap.servers': secured.login,
        'security.protocol': 'sasl_ssl',
        'ssl.ca.location': testPemFile('ca'),
        'sasl.mechanisms': 'SCRAM-SHA-512',
        'sasl.username': secured.user.username,
        'sasl.password': secured.user.password,
      },
    }),
}

for (const [name, open] of Object.entries(clients))
  test(`${name} sends and receives over TLS with a login`, { timeout: 60_000 }, async () => {
    const broker = await open()
    const place = `orders-${name.replaceAll(/\W/g, '')}`
    await broker.prepare([{ place, role: 'source' }])
    const [sent] = await broker.send(place, [{ message: { key: null, body: Buffer.from('one'), headers: [] } }])
    assert.equal(sent?.kind, 'sent')
    const subscription = await broker.receive(place, {
      consumer: 'reefer',
      maxInFlight: { messages: 10, bytes: 1_000_000 },
    })
    const [delivery] = await subscription.next({ maxMessages: 1, waitMs: 30_000 })
    assert.equal(Buffer.from(delivery?.message.body ?? []).toString(), 'one')
    await broker.close()
  })
