import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Message } from '../../src/message.ts'
import { receive, take } from '../steps.ts'
import { prefixFor, rabbitmqUrl, removeQueues, wire } from './server.ts'
import { bareChannel, drain } from './steps.ts'

const prefix = prefixFor('fidelity')
const source = `${prefix}-source`
const lane = `${prefix}-lane`
const bystander = `${prefix}-bystander`
after(() => removeQueues(rabbitmqUrl(), [source, lane, bystander]))

test('a message of another producer comes out of a lane as it went into the queue', async () => {
  const url = rabbitmqUrl()
  const { broker } = wire(url)
  await broker.prepare([source, lane, bystander].map((place) => ({ place, role: 'lane' })))
  const headers = {
    big: 1_099_511_719_276,
    bin: Buffer.from([0x01, 0xff]),
    f: 1.5,
    list: ['a', 1, { k: 'v' }],
    n: 91_500,
    nil: null,
    tenant: 'zürich',
    text: Buffer.from('could be text'),
    trick: Object.create({ '!': 'timestamp', value: 'soon' }) as object,
    when: { '!': 'timestamp', value: 1_795_336_000 },
    yes: true,
  }
  const properties = {
    contentType: 'application/json',
    correlationId: 'c-1',
    messageId: 'm-1',
    timestamp: 1_795_336_939,
    type: 'order.created',
    appId: 'shop',
    priority: 3,
  }
  const body = Buffer.from([0, 0xff, 0xfe, 0x7b])
  const channel = await bareChannel(url)
  channel.sendToQueue(source, body, { ...properties, headers, userId: 'guest', expiration: '60000', CC: [bystander] })
  await channel.waitForConfirms()
  await channel.end()
  assert.equal((await drain(url, bystander)).length, 1, 'the producer’s own copy')

  const subscription = await receive(broker, source)
  const [delivery] = await take(subscription, 1)
  assert.ok(delivery !== undefined)
  assert.equal(delivery.message.properties?.['expiration'], '60000')
  assert.deepEqual(await broker.send(lane, [{ message: delivery.message }]), [{ kind: 'sent' }])
  await subscription.settle([delivery], { kind: 'ack' })

  const laneSubscription = await receive(broker, lane)
  const [again] = await take(laneSubscription, 1)
  assert.deepEqual(sorted(again?.message), sorted(delivery.message), 'as the adapter sees it')
  await laneSubscription.settle(again === undefined ? [] : [again], { kind: 'release', delayMs: 0 })
  await laneSubscription.close()
  await broker.close()

  const [bare] = await drain(url, lane)
  assert.ok(bare !== undefined)
  const { 'redrive-amqp': carried, 'x-delivery-count': _, ...rest } = bare.properties.headers ?? {}
  assert.deepEqual(rest, { ...headers, trick: { '!': 'timestamp', value: 'soon' } }, 'as the bare client sees it')
  assert.deepEqual(bare.content, body)
  for (const [name, value] of Object.entries(properties)) assert.equal(bare.properties[name as 'type'], value, name)
  assert.equal(bare.properties.expiration, undefined, 'a lane drops nothing')
  assert.equal(bare.properties.userId, undefined)
  assert.match(String(carried), /"expiration":"60000"/)
  assert.equal((await drain(url, bystander)).length, 0, 'a retry reaches nobody else')
})

/** AMQP does not keep the order of headers, and everything sent is persistent. */
function sorted(message: Message | undefined): unknown {
  const headers = message?.headers.map(({ name, value, type }) => [
    name,
    value === null ? null : Buffer.from(value).toString('hex'),
    type,
  ])
  return { ...message, headers: headers?.toSorted(), properties: { ...message?.properties, deliveryMode: 2 } }
}
