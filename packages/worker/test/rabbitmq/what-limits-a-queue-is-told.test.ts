import assert from 'node:assert/strict'
import { test } from 'node:test'
import amqp from 'amqplib'
import type { Expiry } from '../../src/broker.ts'
import { isRedriveError } from '../../src/errors.ts'
import { managementUrl, prefixFor, rabbitmqUrl, removeQueues, wire } from './server.ts'

const url = new URL(managementUrl())

async function policy(name: string, definition: object | null): Promise<void> {
  const response = await fetch(`${url.origin}/api/policies/%2F/${name}`, {
    method: definition === null ? 'DELETE' : 'PUT',
    headers: { authorization: `Basic ${Buffer.from(`${url.username}:${url.password}`).toString('base64')}` },
    ...(definition === null ? {} : { body: JSON.stringify(definition) }),
  })
  assert.ok(response.ok, `${response.status}`)
}

test('arguments and policies of a queue are told, and that it is not known when a message came', async () => {
  const queue = prefixFor('limits')
  const connection = await amqp.connect(rabbitmqUrl())
  const channel = await connection.createChannel()
  const { broker } = wire(rabbitmqUrl(), { management: { url: url.href } })
  try {
    const limits = { 'x-message-ttl': 3_600_000, 'x-max-length': 100, 'x-overflow': 'reject-publish' }
    await channel.assertQueue(queue, { durable: true, arguments: limits })
    const ask = async (): Promise<Expiry> => {
      const expiry = await broker.expiry?.(queue, { consumer: 'office' })
      assert.ok(expiry !== undefined)
      return expiry
    }
    const { longer, ...keeps } = (await ask()).keeps
    assert.deepEqual(keeps, { ageMs: 3_600_000, messages: null, bytes: null, unusedMs: null, isCompacted: false })
    assert.match(longer, /x-message-ttl/)
    await broker.send(queue, [{ message: { key: null, body: Buffer.from('x'), headers: [] } }])
    const { waiting, oldestEndsAtMs } = await ask()
    assert.deepEqual([waiting, oldestEndsAtMs], [1, 'unknown'])
    await policy(queue, {
      pattern: `^${queue}$`,
      'apply-to': 'queues',
      definition: { 'message-ttl': 60_000, expires: 90_000 },
    })
    const endMs = Date.now() + 30_000
    while ((await ask()).keeps.ageMs !== 60_000) assert.ok(Date.now() < endMs, 'the policy is not told')
    assert.equal((await ask()).keeps.unusedMs, 90_000)
    await policy(queue, null)
    const refused = wire(rabbitmqUrl(), { management: { url: `http://guest:wrong@${url.host}` } })
    await assert.rejects(
      async () => refused.broker.expiry?.(queue, { consumer: 'office' }),
      (error) => isRedriveError(error, 'BROKER_UNREACHABLE') && /answered with 401/.test(error.message),
    )
    assert.equal(wire(rabbitmqUrl()).broker.expiry, undefined)
  } finally {
    await connection.close()
    await removeQueues(rabbitmqUrl(), [queue])
  }
})
