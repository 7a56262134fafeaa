import { RedriveError } from '../errors.ts'
import { type EffectName, effectKey, effectWhat } from './effect-key.ts'
import { defaultKeepMs } from './effect-options.ts'
import { readResult, writeResult } from './effect-result.ts'
import type { EffectRecord, EffectStore, PutOptions } from './effect-store.ts'

/** Names an effect as its letter does: `id` where the worker's `effects.id` named the message, `letterId` otherwise. */
export type EffectOfLetter = { readonly consumer: string; readonly name: string } & (
  | { readonly letterId: string }
  | { readonly id: string }
)

/**
 * Says what became of an effect that nobody could tell: the next attempt, a replay of its letter, goes by it.
 * @throws STATE_CONFLICT while an attempt holds it; EFFECT_RESULT_UNUSABLE, and nothing is decided
 */
export async function decideEffect(
  store: EffectStore,
  decision: EffectOfLetter & {
    readonly happened: boolean
    /** What `once` shall answer, where it happened. */
    readonly result?: unknown
    /** @default 30 days */
    readonly keepMs?: number
  },
): Promise<void> {
  const { happened, keepMs = defaultKeepMs } = decision
  const name = nameOf(decision)
  const what = effectWhat(name)
  const result = writeResult(decision.result)
  readResult(result)
  const put: PutOptions = happened ? { kind: 'done', result, keepMs, what } : { kind: 'not-done', keepMs, what }
  if (!(await store.put(effectKey(name), put)))
    throw new RedriveError('STATE_CONFLICT', `an attempt holds it right now: ${what}`, {
      hint: 'Decide when its message has died.',
    })
}

/** What is known of an effect; `null`: nothing, or no longer. */
export function lookAtEffect(store: EffectStore, effect: EffectOfLetter): Promise<EffectRecord | null> {
  return store.look(effectKey(nameOf(effect)))
}

function nameOf(effect: EffectOfLetter): EffectName {
  const { consumer, name } = effect
  return 'id' in effect
    ? { consumer, by: 'id', id: effect.id, name }
    : { consumer, by: 'letter', id: effect.letterId, name }
}
