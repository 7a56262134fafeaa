import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { isRedriveError } from '@redrive/worker'
import { rabbitmqBroker } from '@redrive/worker/rabbitmq'
import amqp from 'amqplib'
import { type RabbitmqServer, startRabbitmq } from '../../../../tools/servers/rabbitmq.ts'
import { testPemFile } from '../../../../tools/servers/test-pem.ts'
import { type Config, loadConfig } from '../../src/config/index.ts'
import { checkConfig, startOffice } from '../../src/main.ts'
import { deadMessage, until } from '../office-bed.ts'

let secured: RabbitmqServer

before(async () => {
  secured = await startRabbitmq({ withTls: true })
})
after(() => secured.stop())

const ofFile = (name: Parameters<typeof testPemFile>[0]): string => `"\${file:${testPemFile(name)}}"`
const trusted = `ca: ${ofFile('ca')}`
const known = `cert: ${ofFile('client')}, key: ${ofFile('client-key')}`

function configOf(t: TestContext, tls: string): { readonly config: Config; readonly file: string } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'redrive-secured-'))
  const file = path.join(folder, 'redrive.yaml')
  writeFileSync(
    file,
    `data: ${folder}/data\nhttp: { port: 0 }\nbrokers:\n  main: { type: rabbitmq, url: "\${env:URL}", tls: { ${tls} }, deadLetters: [dead] }\n`,
  )
  return { config: loadConfig({ file, env: { URL: secured.tlsUrl ?? '' } }), file }
}

test('an office reads from a server that it knows by its authority and that knows it by its certificate', async (t) => {
  const worker = rabbitmqBroker({ connect: () => amqp.connect(secured.url) })
  t.after(() => worker.close())
  await worker.prepare([{ place: 'dead', role: 'dead-letter' }])
  const lines: string[] = []
  const { config, file } = configOf(t, `${trusted}, ${known}`)
  const office = await startOffice(config, { onEvent: (line) => lines.push(line) })
  t.after(async () => {
    await office.stop()
    rmSync(path.dirname(file), { recursive: true })
  })
  await worker.send('dead', [{ message: deadMessage({ error: 'no answer', errorClass: 'Refused' }, 'm') }])
  await until('the letter is captured', () => lines.some((line) => /^new cause .*Refused/.test(line)) || undefined)
  assert.deepEqual((await worker.describe('redrive-receipts')).exists, true)
})

for (const { what, tls, says } of [
  {
    what: 'a server that nobody we trust has signed',
    tls: `ca: ${ofFile('other-ca')}, ${known}`,
    says: /self-signed certificate in certificate chain/,
  },
  {
    what: 'a server that wants a certificate and gets none',
    tls: trusted,
    says: /certificate required|closed|ECONNRESET/,
  },
])
  test(`${what} is named by file and line, with the reason and no secret`, async (t) => {
    const { config, file } = configOf(t, tls)
    t.after(() => rmSync(path.dirname(file), { recursive: true }))
    await assert.rejects(checkConfig(config), (error: Error) => {
      assert.ok(isRedriveError(error, 'BROKER_UNREACHABLE'), String(error))
      assert.ok(error.message.startsWith(`${file}:4:`), error.message)
      assert.match(error.message, says)
      assert.ok(!JSON.stringify([error.message, error.hint, error.data]).includes('guest'))
      return true
    })
  })
