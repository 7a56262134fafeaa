import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import * as platformatic from '@platformatic/kafka'
import type { Broker } from '@redrive/worker'
import { kafkaBroker } from '@redrive/worker/kafka'
import { rabbitmqBroker } from '@redrive/worker/rabbitmq'
import amqp from 'amqplib'
import { kafkaUnderTest } from '../../../../tools/testing/kafka-under-test.ts'
import { rabbitmqUnderTest } from '../../../../tools/testing/rabbitmq-under-test.ts'
import { loadConfig } from '../../src/config/index.ts'
import { startOffice } from '../../src/main.ts'
import { lateAddress } from '../late-address.ts'
import { deadMessage, until } from '../office-bed.ts'

const suffix = randomUUID().slice(0, 8)

for (const { type, at, connection, open } of [
  {
    type: 'kafka',
    at: hostAndPort(`kafka://${kafkaUnderTest()}`),
    connection: (port: number) => `brokers: ['127.0.0.1:${port}']`,
    open: (): Broker =>
      kafkaBroker({
        client: platformatic,
        connection: { clientId: 'worker', bootstrapBrokers: [kafkaUnderTest()] },
      }),
  },
  {
    type: 'rabbitmq',
    at: hostAndPort(rabbitmqUnderTest()),
    connection(port: number): string {
      const url = new URL(rabbitmqUnderTest())
      url.port = `${port}`
      // A password may not stand in the file.
      process.env['REDRIVE_LATER'] = url.href
      return "url: '${env:REDRIVE_LATER}'"
    },
    open: (): Broker => rabbitmqBroker({ connect: () => amqp.connect(rabbitmqUnderTest()) }),
  },
])
  test(`an office that opens before ${type} does reads it afterwards, letters and receipts`, async (t) => {
    const address = await lateAddress()
    const { lines } = await officeOn(t, `type: ${type}, ${connection(address.port)}`)
    await until(
      'both places wait',
      () => lines.filter((line) => /^capture from .* waits: /.test(line)).length === 2 || undefined,
    )
    await address.open(at)
    t.after(() => address.close())
    const broker = open()
    t.after(() => broker.close())
    await broker.prepare([{ place: `dead-${suffix}`, role: 'dead-letter' }])
    const [sent] = await broker.send(`dead-${suffix}`, [
      { message: deadMessage({ error: 'no answer', errorClass: 'Refused' }, 'm') },
    ])
    assert.equal(sent?.kind, 'sent')
    await until('the letter is captured', () => lines.some((line) => /new cause .*Refused/.test(line)) || undefined)
    await until('the place of receipts is there', async () =>
      (await broker.describe(`receipts-${suffix}`)).exists ? true : undefined,
    )
  })

async function officeOn(t: TestContext, connection: string): Promise<{ readonly lines: readonly string[] }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'redrive-later-'))
  const file = path.join(folder, 'redrive.yaml')
  const places = `deadLetters: [dead-${suffix}], receipts: receipts-${suffix}, consumer: office-${suffix}`
  writeFileSync(file, `data: ${folder}/data\nhttp: { port: 0 }\nbrokers:\n  main: { ${connection}, ${places} }\n`)
  const lines: string[] = []
  const office = await startOffice(loadConfig({ file }), { onEvent: (line) => lines.push(line) })
  t.after(async () => {
    await office.stop()
    rmSync(folder, { recursive: true })
  })
  return { lines }
}

function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const { hostname, port, protocol } = new URL(address)
  return { host: hostname, port: Number(port || (protocol === 'amqp:' ? 5672 : 9092)) }
}
