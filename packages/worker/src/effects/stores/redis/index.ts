import type { Begun, EffectRecord, EffectStore, MaybeReason } from '../../effect-store.ts'
import type { RedisClientLike } from './client.ts'
import { evaluatorOf, texts } from './evaluate.ts'
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
    evaluate(script, [`${prefix}${key}`], values.map(String))
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

function whole(ms: number): number {
  return Math.ceil(ms)
}
