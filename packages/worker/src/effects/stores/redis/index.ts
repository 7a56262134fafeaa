import { RedriveError } from '../../../errors.ts'
import type { Begun, EffectRecord, EffectStore, MaybeReason } from '../../effect-store.ts'
import type { IoRedisLike, RedisClientLike } from './client.ts'
import * as scripts from './scripts.ts'

export type { IoRedisLike, NodeRedisLike, RedisClientLike } from './client.ts'

export interface RedisEffectsOptions {
  /** Begins the name of every key. @default 'redrive:effect:' */
  readonly prefix?: string
}

const losses = [
  'a crash of the server forgets what was not on disk: a second with appendfsync everysec, more with snapshots alone, nothing with appendfsync always',
  'a fail-over forgets what the replica did not have yet',
  'a maxmemory-policy other than noeviction may forget any record',
] as const

/**
 * Remembers effects in your Redis 5 or newer. What Redis forgets happens again without a word, so the losses are those of its settings.
 * Every verb is one script; times are the server's; records expire by themselves.
 *
 * @param client connected, of node-redis or ioredis; stays yours
 * @throws CLIENT_UNSUPPORTED
 */
export function redisEffects(client: RedisClientLike, options: RedisEffectsOptions = {}): EffectStore {
  const { prefix = 'redrive:effect:' } = options
  const evaluate = evaluatorOf(client)
  const run = (script: string, key: string, values: readonly (string | number)[]): Promise<unknown> =>
    evaluate(script, `${prefix}${key}`, values.map(String))
  return {
    losses,
    async begin(key, { token, leaseMs, keepMs, what }) {
      return begunOf(texts(await run(scripts.begin, key, [token, whole(leaseMs), whole(keepMs), what])))
    },
    async extend(key, { token, leaseMs }) {
      return Number(await run(scripts.extend, key, [token, whole(leaseMs)])) === 1
    },
    async settle(key, settlement) {
      const { token, kind } = settlement
      const state = kind === 'maybe' ? (settlement.why === 'interrupted' ? 'begun' : settlement.why) : kind
      const result = kind === 'done' ? [settlement.result] : []
      return Number(await run(scripts.settle, key, [token, state, ...result])) === 1
    },
    async look(key) {
      const answer = await run(scripts.look, key, [])
      return answer === null || answer === undefined ? null : recordOf(texts(answer))
    },
    async put(key, decided) {
      const { kind, keepMs, what } = decided
      const result = kind === 'done' ? [decided.result] : []
      return Number(await run(scripts.put, key, [kind, whole(keepMs), what, ...result])) === 1
    },
  }
}

type Evaluate = (script: string, key: string, values: string[]) => Promise<unknown>

function evaluatorOf(client: RedisClientLike): Evaluate {
  if (typeof client?.eval !== 'function')
    throw new RedriveError('CLIENT_UNSUPPORTED', 'this is no client of Redis that is known', {
      hint: 'Give a connected client of redis, @redis/client or ioredis.',
    })
  if (isIoRedis(client)) return (script, key, values) => client.eval(script, 1, key, ...values)
  return (script, key, values) => client.eval(script, { keys: [key], arguments: values })
}

function isIoRedis(client: RedisClientLike): client is IoRedisLike {
  return 'call' in client && typeof client.call === 'function'
}

function begunOf([kind, first = '', begins = '', beganBefore = '']: readonly string[]): Begun {
  if (kind === 'done') return { kind, result: first }
  if (kind === 'busy') return { kind, leftMs: Math.max(1, Number(first)) }
  if (first === '') return { kind: 'begun', known: false }
  if (first === 'not-done') return { kind: 'begun', known: true }
  return { kind: 'maybe', why: whyOf(first), begins: Number(begins) - 1, beganAtMs: Number(beganBefore) }
}

function recordOf([state = '', result = '', begins, beganAt, what = '', left]: readonly string[]): EffectRecord {
  const known = { begins: Number(begins), beganAtMs: Number(beganAt), what }
  if (state === 'done' || state === 'not-done')
    return { state, why: null, result: state === 'done' ? result : null, ...known }
  if (Number(left) > 0) return { state: 'running', why: null, result: null, ...known }
  return { state: 'maybe', why: whyOf(state), result: null, ...known }
}

function whyOf(state: string): MaybeReason {
  return state === 'failed' || state === 'expired' ? state : 'interrupted'
}

/** Also of a client that was told to answer with buffers. */
function texts(answer: unknown): readonly string[] {
  return Array.isArray(answer) ? answer.map(String) : []
}

function whole(ms: number): number {
  return Math.ceil(ms)
}
