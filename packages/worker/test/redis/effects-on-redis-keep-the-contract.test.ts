import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { createClient } from '@redis/client'
import { type RedisClientLike, redisEffects } from '@redrive/worker/effects/redis'
import { testEffectStore } from '@redrive/worker/testing'
import { Redis } from 'ioredis'

const url = process.env['REDRIVE_REDIS']
if (url === undefined)
  throw new Error('needs a Redis: REDRIVE_REDIS=redis://host:port (npm run test:brokers brings one)')

const nodeRedis = createClient({ url })
await nodeRedis.connect()
const ioRedis = new Redis(url)
after(async () => {
  nodeRedis.destroy()
  ioRedis.disconnect()
})

const newPrefix = (): string => `test:${randomUUID()}:`

/** The server's clock is not ours to turn, so the records are moved into the past. */
async function moveBack(prefix: string, ms: number): Promise<void> {
  for (const key of await nodeRedis.keys(`${prefix}*`)) {
    const [lease, began] = await nodeRedis.hmGet(key, ['l', 'a'])
    await nodeRedis.hSet(key, { l: Number(lease) - ms, a: Number(began) - ms })
    await nodeRedis.pExpire(key, (await nodeRedis.pTTL(key)) - ms)
  }
}

const clients: Readonly<Record<string, readonly [RedisClientLike, RedisClientLike]>> = {
  'node-redis': [nodeRedis, ioRedis],
  ioredis: [ioRedis, nodeRedis],
}

for (const [name, [client, otherClient]] of Object.entries(clients)) {
  testEffectStore(`redis, ${name}`, {
    async create() {
      const prefix = newPrefix()
      return {
        store: redisEffects(client, { prefix }),
        other: redisEffects(otherClient, { prefix }),
        advance: (ms) => moveBack(prefix, ms),
        dispose: async () => undefined,
      }
    },
  })
}

test('every record expires by itself', async () => {
  const prefix = newPrefix()
  const store = redisEffects(ioRedis, { prefix })
  await store.begin('a', { token: 't', leaseMs: 1_000, keepMs: 60_000, what: '' })
  await store.settle('a', { token: 't', kind: 'done', result: '[]' })
  await store.put('b', { kind: 'not-done', keepMs: 60_000, what: '' })
  for (const key of await nodeRedis.keys(`${prefix}*`)) {
    const leftMs = await nodeRedis.pTTL(key)
    assert.ok(leftMs > 30_000 && leftMs <= 60_000, `${key}: ${leftMs}`)
  }
})

test('what is no client is refused at once', () => {
  for (const wrong of [undefined, null, {}, { eval: 1 }])
    assert.throws(() => redisEffects(wrong as never), { code: 'CLIENT_UNSUPPORTED' })
})
