import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { test } from 'node:test'
import { testPem } from '../../../../tools/servers/test-pem.ts'
import { issuesIn, parseConfig } from './load.ts'

const env = {
  CA: testPem('ca'),
  CERT: testPem('client'),
  KEY: testPem('client-key'),
  LOCKED: createPrivateKey(testPem('client-key'))
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'opens' })
    .toString(),
  OTHER: testPem('server-key'),
  PASSWORD: 'p4ssword',
  OPENS: 'opens',
  NOTHING: 'nothing of the kind',
}

const read = (connection: string): ReturnType<typeof parseConfig> =>
  parseConfig(`brokers:\n  main: { ${connection}, deadLetters: [dead] }\n`, { file: 'redrive.yaml', env })

const kafka = (rest: string, broker = 'b1.internal:9093'): string => `type: kafka, brokers: ["${broker}"], ${rest}`
const rabbit = (rest: string, scheme = 'amqps'): string => `type: rabbitmq, url: "${scheme}://mq.internal", ${rest}`
const login = (mechanism: string): string =>
  `sasl: { mechanism: ${mechanism}, username: office, password: "\${env:PASSWORD}" }`
const known = 'cert: "${env:CERT}", key: "${env:KEY}"'

test('a Kafka that is secured is said in full', () => {
  const { brokers } = read(kafka(`tls: { ca: "\${env:CA}", ${known} }, ${login('SCRAM-SHA-512')}`))
  assert.partialDeepStrictEqual(brokers['main'], {
    tls: { ca: env.CA, cert: env.CERT, key: env.KEY },
    sasl: { mechanism: 'SCRAM-SHA-512', username: 'office', password: 'p4ssword' },
  })
  assert.partialDeepStrictEqual(read(kafka('tls: {}')).brokers['main'], { tls: {} })
})

for (const connection of [
  kafka(`tls: {}, ${login('PLAIN')}`),
  kafka(login('PLAIN'), 'localhost:9092'),
  kafka(login('PLAIN'), '127.0.0.1:9092'),
  kafka(login('SCRAM-SHA-256')),
  kafka(`tls: { cert: "\${env:CERT}", key: "\${env:LOCKED}", passphrase: "\${env:OPENS}" }`),
  rabbit(`tls: { ca: "\${env:CA}", ${known} }`),
])
  test(`is taken: ${connection}`, () => {
    assert.ok(read(connection).brokers['main'])
  })

for (const { connection, path, says } of [
  { connection: kafka(login('PLAIN')), path: 'sasl', says: /plain text; write tls: \{\}/ },
  { connection: kafka(`tls: false, ${login('PLAIN')}`), path: 'tls', says: /./ },
  { connection: kafka(login('GSSAPI')), path: 'sasl.mechanism', says: /SCRAM-SHA-512/ },
  { connection: kafka('sasl: { mechanism: PLAIN, username: office }'), path: 'sasl', says: /password/ },
  {
    connection: kafka('tls: {}, sasl: { mechanism: PLAIN, username: office, password: p4ssword }'),
    path: 'sasl.password',
    says: /may not stand in the file/,
  },
  { connection: kafka('tls: { cert: "${env:CERT}", key: abc }'), path: 'tls.key', says: /may not stand in the file/ },
  {
    connection: kafka('tls: { cert: "${env:CERT}", key: "${env:LOCKED}", passphrase: opens }'),
    path: 'tls.passphrase',
    says: /may not stand in the file/,
  },
  { connection: kafka('tls: { ca: "${env:NOTHING}" }'), path: 'tls.ca', says: /no certificate in PEM form/ },
  { connection: kafka('tls: { cert: "${env:CERT}" }'), path: 'tls.cert', says: /no key beside it/ },
  { connection: kafka('tls: { key: "${env:KEY}" }'), path: 'tls.key', says: /no cert beside it/ },
  {
    connection: kafka('tls: { cert: "${env:NOTHING}", key: "${env:KEY}" }'),
    path: 'tls.cert',
    says: /no certificate in PEM form/,
  },
  {
    connection: kafka('tls: { cert: "${env:CERT}", key: "${env:LOCKED}" }'),
    path: 'tls.key',
    says: /no private key in PEM form that this passphrase opens/,
  },
  {
    connection: kafka('tls: { cert: "${env:CERT}", key: "${env:OTHER}" }'),
    path: 'tls.key',
    says: /not the key of cert/,
  },
  { connection: rabbit('tls: { ca: "${env:CA}" }', 'amqp'), path: 'tls', says: /write amqps:/ },
  { connection: rabbit('tls: { ca: "${env:NOTHING}" }'), path: 'tls.ca', says: /no certificate in PEM form/ },
])
  test(`is refused, by its place and without a secret: ${connection}`, () => {
    assert.throws(
      () => read(connection),
      (error: Error) => {
        const at = issuesIn(error).find((issue) => issue.path === `brokers.main.${path}`)
        assert.match(at?.message ?? '', says, error.message)
        for (const secret of ['p4ssword', 'BEGIN', 'opens"']) assert.ok(!error.message.includes(secret), error.message)
        return true
      },
    )
  })
