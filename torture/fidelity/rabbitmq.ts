import { type ConsumeMessage, connect } from 'amqplib'
import { startRabbitmq } from '../../tools/servers/rabbitmq.ts'
import type { Carrier, CarrierParts } from './carrier.ts'
import type { Found } from './compare.ts'
import type { Envelope } from './envelope.ts'

/** Where a key and a null body travel, by `docs/brokers/rabbitmq.md`. */
const asideHeader = 'redrive-amqp'
const quietMs = 1_500

export async function rabbitmqCarrier({ places, say }: CarrierParts): Promise<Carrier> {
  process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`
  const rabbitmq = await startRabbitmq({ onProgress: say })
  const connection = await connect(rabbitmq.url)
  const channel = await connection.createConfirmChannel()
  for (const place of places)
    await channel.assertQueue(place, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  return {
    carries: {
      headerLists: false,
      typedHeaders: true,
      properties: 'amqp',
      timestamps: false,
      plainJson: false,
      failureHeaders: () => [
        { name: 'x-first-death-queue', value: Buffer.from('orders'), isStripped: true },
        { name: 'x-first-death-reason', value: Buffer.from('rejected'), isStripped: true },
        {
          name: 'x-death',
          value: [{ queue: 'orders', reason: 'rejected', count: 1, exchange: '', 'routing-keys': ['orders'] }],
          isStripped: true,
        },
      ],
    },
    queue: { type: 'rabbitmq', url: rabbitmq.url },
    async produce(place, envelopes) {
      for (const envelope of envelopes) {
        const { content, headers } = written(envelope)
        channel.publish('', place, content, { ...envelope.properties, headers, persistent: true })
      }
      await channel.waitForConfirms()
    },
    async *read(place, count) {
      const reading = await connection.createChannel()
      await reading.prefetch(500)
      let waiting: ConsumeMessage[] = []
      let wake: () => void = () => undefined
      await reading.consume(place, (message) => {
        if (message !== null) waiting.push(message)
        wake()
      })
      let seen = 0
      for (let lastAtMs = performance.now(); ; ) {
        const messages = waiting
        waiting = []
        const last = messages.at(-1)
        if (last !== undefined) {
          seen += messages.length
          lastAtMs = performance.now()
          yield messages.map(foundIn)
          reading.ack(last, true)
          continue
        }
        if (performance.now() - lastAtMs > (seen < count ? 60_000 : quietMs)) break
        await new Promise<void>((resolve) => {
          wake = resolve
          setTimeout(resolve, 100)
        })
      }
      await reading.close()
    },
    async stop() {
      await connection.close()
      await rabbitmq.stop()
    },
  }
}

/** Text as strings, as most producers write it; other bytes as a byte array. */
function written({ key, body, headers }: Envelope): { readonly content: Buffer; readonly headers: object } {
  const table: Record<string, unknown> = {}
  for (const { name, value } of headers) table[name] = value instanceof Buffer ? (textIn(value) ?? value) : value
  const aside = { ...(key === null ? {} : { key: key.toString('base64') }), ...(body === null ? { body: null } : {}) }
  if (Object.keys(aside).length > 0) table[asideHeader] = JSON.stringify(aside)
  return { content: body ?? Buffer.alloc(0), headers: table }
}

function foundIn({ content, properties }: ConsumeMessage): Found {
  const { headers = {}, deliveryMode: _, ...rest } = properties
  const { [asideHeader]: text, ...own } = headers as Record<string, unknown>
  const aside = typeof text === 'string' ? (JSON.parse(text) as { key?: string; body?: null }) : {}
  const isNull = aside.body === null && content.length === 0
  return {
    key: aside.key === undefined ? null : Buffer.from(aside.key, 'base64'),
    body: isNull ? null : content,
    headers: Object.entries(own).map(([name, value]) => ({
      name,
      value: typeof value === 'string' ? Buffer.from(value) : value,
    })),
    properties: Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
    timestampMs: null,
  }
}

function textIn(bytes: Buffer): string | null {
  const text = bytes.toString('utf8')
  return Buffer.from(text).equals(bytes) ? text : null
}
