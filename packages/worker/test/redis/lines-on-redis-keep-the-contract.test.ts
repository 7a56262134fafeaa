import { randomUUID } from 'node:crypto'
import { after } from 'node:test'
import { createClient } from '@redis/client'
import { type RedisClientLike, redisHold } from '@redrive/worker/hold/redis'
import { testHoldStore } from '@redrive/worker/testing'
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

const clients: Readonly<Record<string, readonly [RedisClientLike, RedisClientLike]>> = {
  'node-redis': [nodeRedis, ioRedis],
  ioredis: [ioRedis, nodeRedis],
}

for (const [name, [client, otherClient]] of Object.entries(clients)) {
  testHoldStore(`redis, ${name}`, {
    async create() {
      const prefix = `test:${randomUUID()}:`
      return {
        store: redisHold(client, { prefix }),
        other: redisHold(otherClient, { prefix }),
        dispose: async () => undefined,
      }
    },
  })
}
