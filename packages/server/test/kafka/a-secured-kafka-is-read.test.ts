import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import * as platformatic from '@platformatic/kafka'
import { isRedriveError } from '@redrive/worker'
import { kafkaBroker } from '@redrive/worker/kafka'
import { type SecuredKafka, startSecuredKafka } from '../../../../tools/servers/secured-kafka.ts'
import { testPemFile } from '../../../../tools/servers/test-pem.ts'
import { type Config, loadConfig } from '../../src/config/index.ts'
import { checkConfig, startOffice } from '../../src/main.ts'
import { deadMessage, until } from '../office-bed.ts'

let secured: SecuredKafka

before(async () => {
  secured = await startSecuredKafka()
})
after(() => secured.kafka.stop())

const ca = `"\${file:${testPemFile('ca')}}"`

/** Each with a topic of its own. */
function connections(): Readonly<Record<string, string>> {
  const login = (mechanism: string): string =>
    `brokers: ["${secured.login}"], tls: { ca: ${ca} }, sasl: { mechanism: ${mechanism}, username: office, password: "\${env:KAFKA_PASSWORD}" }`
  return {
    plain: login('PLAIN'),
    scram256: login('SCRAM-SHA-256'),
    scram512: login('SCRAM-SHA-512'),
    certificate: `brokers: ["${secured.mutual}"], tls: { ca: ${ca}, cert: "\${file:${testPemFile('client')}}", key: "\${file:${testPemFile('client-key')}}" }`,
  }
}

function configOf(
  t: TestContext,
  brokers: Readonly<Record<string, string>>,
  password = secured.user.password,
): { readonly config: Config; readonly file: string } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'redrive-secured-'))
  const file = path.join(folder, 'redrive.yaml')
  const lines = Object.entries(brokers).map(
    ([name, connection]) => `  ${name}: { type: kafka, ${connection}, deadLetters: [${name}-dead-letter] }\n`,
  )
  writeFileSync(file, `data: ${folder}/data\nhttp: { port: 0 }\nbrokers:\n${lines.join('')}`)
  return { config: loadConfig({ file, env: { KAFKA_PASSWORD: password } }), file }
}

test('an office reads and replays over TLS, with each login and with a certificate', async (t) => {
  const worker = kafkaBroker({
    client: platformatic,
    connection: { clientId: 'worker', bootstrapBrokers: [secured.kafka.brokers] },
  })
  t.after(() => worker.close())
  const names = Object.keys(connections())
  await worker.prepare(
    names.flatMap((name) => [
      { place: name, role: 'source' as const },
      { place: `${name}-dead-letter`, role: 'dead-letter' as const },
    ]),
  )
  const { config, file } = configOf(t, connections())
  const lines: string[] = []
  const office = await startOffice(config, { onEvent: (line) => lines.push(line) })
  t.after(async () => {
    await office.stop()
    rmSync(path.dirname(file), { recursive: true })
  })
  for (const name of names) {
    const message = deadMessage({ error: `of ${name}`, errorClass: name }, name)
    const [sent] = await worker.send(`${name}-dead-letter`, [{ message }])
    assert.equal(sent?.kind, 'sent')
  }
  await until('all four are captured', () =>
    names.every((name) => lines.some((line) => line.startsWith('new cause') && line.includes(name))) ? true : undefined,
  )
  const call = async <T>(route: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${office.url}/api/v1${route}`, {
      headers: { authorization: `Bearer ${office.token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    })
    assert.ok(response.ok, route)
    return (await response.json()) as T
  }
  for (const name of names) {
    const plan = await call<{ id: string; letters: number }>('/plans', {
      selection: { query: `error:${name}` },
      destination: { broker: name, place: name },
      by: 'ann',
      canary: 0,
    })
    assert.equal(plan.letters, 1, name)
    const run = await call<{ id: string }>(`/plans/${plan.id}/run`, { by: 'ann', expect: 1 })
    await until(`the letter of ${name} is sent`, async () => {
      const { sends } = await call<{ sends: { sent: number } }>(`/runs/${run.id}`)
      return sends.sent === 1 ? true : undefined
    })
    assert.deepEqual(await worker.depth(name, 'nobody'), { messages: 1 })
  }
})

for (const { what, of, password, says } of [
  {
    what: 'a password that is wrong',
    of: ({ scram512 = '' }) => scram512,
    password: 'wr0ng-password',
    says: /SASL authentication failed/,
  },
  {
    what: 'a server that nobody we trust has signed',
    of: ({ plain = '' }) => plain.replace('/ca.pem', '/other-ca.pem'),
    says: /unable to verify the first certificate/,
  },
  {
    what: 'a server that wants a login and gets none',
    of: ({ plain = '' }) => plain.replace(/, sasl: .*/, ''),
    says: /Connection closed/,
  },
  {
    what: 'a server that wants a certificate and gets none',
    of: ({ certificate = '' }) => certificate.replace(/, cert: .*/, ' }'),
    says: /Connection closed/,
  },
  {
    what: 'a server that speaks plain text',
    of: ({ plain = '' }) => plain.replace(secured.login, secured.kafka.brokers),
    says: /verify the broker supports TLS/,
  },
])
  test(`${what} is named by file and line, with the reason and no secret`, async (t) => {
    const { config, file } = configOf(t, { main: of(connections()) }, password)
    t.after(() => rmSync(path.dirname(file), { recursive: true }))
    await assert.rejects(checkConfig(config), (error: Error) => {
      assert.ok(isRedriveError(error, 'BROKER_UNREACHABLE'), String(error))
      assert.ok(error.message.startsWith(`${file}:4:`), error.message)
      assert.match(error.message, says)
      for (const secret of [secured.user.password, 'wr0ng-password', 'PRIVATE KEY'])
        assert.ok(!JSON.stringify([error.message, error.hint, error.data]).includes(secret))
      return true
    })
  })
