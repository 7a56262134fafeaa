import type { RedisClientLike } from '../../../effects/stores/redis/client.ts'
import { evaluatorOf, texts } from '../../../effects/stores/redis/evaluate.ts'
import type { HoldStore, Line } from '../../hold-store.ts'
import * as scripts from './scripts.ts'

export type { IoRedisLike, NodeRedisLike, RedisClientLike } from '../../../effects/stores/redis/client.ts'

export interface RedisHoldOptions {
  /** Begins the name of every key. @default 'redrive:hold:' */
  readonly prefix?: string
}

const losses = [
  'a crash of the server forgets what was not on disk: a second with appendfsync everysec, more with snapshots alone, nothing with appendfsync always',
  'a fail-over forgets what the replica did not have yet',
  'a maxmemory-policy other than noeviction may forget any line',
] as const

/**
 * Keeps the lines in your Redis 5 or newer. A line that Redis forgets blocks nobody any more, so the losses are those of its settings. Every verb is one
 * script; places grow with the server's clock. All keys of one scope are in one slot of a cluster.
 *
 * @param client connected, of node-redis or ioredis; stays yours
 * @throws CLIENT_UNSUPPORTED
 */
export function redisHold(client: RedisClientLike, options: RedisHoldOptions = {}): HoldStore {
  const { prefix = 'redrive:hold:' } = options
  const evaluate = evaluatorOf(client)
  const linesOf = (scope: string): string => `${prefix}{${hex(scope)}}`
  const run = (script: string, { scope, key }: Line, values: readonly (string | number)[]): Promise<unknown> =>
    evaluate(script, [`${linesOf(scope)}:${key}`, linesOf(scope)], values.map(String))
  return {
    losses,
    async arrive(line, letter, { at, most }) {
      const [kind, place = '', first = ''] = texts(await run(scripts.arrive, line, [letter, at ?? '', most, line.key]))
      if (kind === 'free' || kind === 'full') return { kind }
      return first === letter
        ? { kind: 'first', at: Number(place) }
        : { kind: 'behind', at: Number(place), behind: first }
    },
    async die(line, letter, { at }) {
      return Number(await run(scripts.die, line, [letter, at ?? '', line.key]))
    },
    async leave(line, letter) {
      await run(scripts.leave, line, [letter, line.key])
    },
    async count(scope, most) {
      return Math.min(most, Number(await evaluate(scripts.count, [linesOf(scope)], [])))
    },
  }
}

/** A hash tag ends at the first brace. */
function hex(scope: string): string {
  return Buffer.from(scope).toString('hex')
}
