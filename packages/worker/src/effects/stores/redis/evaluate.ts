import { RedriveError } from '../../../errors.ts'
import type { IoRedisLike, RedisClientLike } from './client.ts'

/** Runs a script at the server, with the user's client. */
export type Evaluate = (script: string, keys: string[], values: string[]) => Promise<unknown>

/** @throws CLIENT_UNSUPPORTED */
export function evaluatorOf(client: RedisClientLike): Evaluate {
  if (typeof client?.eval !== 'function')
    throw new RedriveError('CLIENT_UNSUPPORTED', 'this is no client of Redis that is known', {
      hint: 'Give a connected client of redis, @redis/client or ioredis.',
    })
  if (isIoRedis(client)) return (script, keys, values) => client.eval(script, keys.length, ...keys, ...values)
  return (script, keys, values) => client.eval(script, { keys, arguments: values })
}

function isIoRedis(client: RedisClientLike): client is IoRedisLike {
  return 'call' in client && typeof client.call === 'function'
}

/** Also of a client that was told to answer with buffers. */
export function texts(answer: unknown): readonly string[] {
  return Array.isArray(answer) ? answer.map(String) : []
}
