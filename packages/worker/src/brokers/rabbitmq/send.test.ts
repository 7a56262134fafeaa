import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import type { ConfirmChannelLike, ConnectionLike } from './client.ts'
import { linkOf } from './connection.ts'
import { senderOf } from './send.ts'

const message = { key: null, body: Buffer.from('x'), headers: [] }
const never = new Promise<never>(() => undefined)

/** A connection as far as a sender sees it. */
function connection(createConfirmChannel: () => Promise<ConfirmChannelLike>): ConnectionLike {
  return Object.assign(new EventEmitter(), {
    createConfirmChannel,
    close: () => Promise.resolve(),
  }) as unknown as ConnectionLike
}

function channel(): ConfirmChannelLike {
  return Object.assign(new EventEmitter(), {
    publish: (...call: unknown[]) => {
      ;(call.at(-1) as (error: Error | null) => void)(null)
      return true
    },
  }) as unknown as ConfirmChannelLike
}

test('a connection on which no channel opens in time is given up: the next send takes a new one', async () => {
  const connections = [connection(() => never), connection(() => Promise.resolve(channel()))]
  let opened = 0
  const link = linkOf({
    connect: () => Promise.resolve(connections[opened++] as ConnectionLike),
    connectTimeoutMs: 1_000,
    onOpen: () => undefined,
  })
  const send = senderOf(link, { confirmTimeoutMs: 20, limits: () => ({ maxBytes: 1_000, maxHeaderBytes: 1_000 }) })
  const [first] = await send('orders', [{ message }])
  assert.deepEqual(first, { kind: 'not-sent', reason: 'no answer within 20 ms', retryable: true })
  const [second] = await send('orders', [{ message }])
  assert.deepEqual(second, { kind: 'sent' })
  assert.equal(opened, 2)
})
