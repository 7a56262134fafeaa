import { stating } from '../control.ts'
import { RedriveError } from '../errors.ts'
import type { MaybeReason } from './effect-store.ts'

const mark = Symbol.for('redrive.effect')

/** Thrown by an effect: nothing has happened, so that it may be tried again. What to do with the message is told by the `cause`. */
export class EffectNotDone extends Error {
  override readonly name: string = 'EffectNotDone'

  static {
    Object.defineProperty(this.prototype, mark, { value: 'not-done' })
  }
}

/** By a brand rather than `instanceof`: two copies of the package may be installed. */
export const notDoneMark: symbol = mark

export function effectBusy(message: string, leftMs: number): RedriveError {
  return stating(
    new RedriveError('EFFECT_BUSY', message, {
      hint: 'Let it through: the message is called again when the lease ends.',
    }),
    { control: 'retry', delayMs: leftMs },
  )
}

const reasons: Readonly<Record<MaybeReason, string>> = {
  interrupted: 'an earlier attempt began it and was lost',
  failed: 'an earlier attempt failed in a way that does not tell',
  expired: 'the message is older than records are kept',
}

export function effectMaybe(what: string, why: MaybeReason): RedriveError {
  const error = new RedriveError('EFFECT_MAYBE', `it may have happened: ${what}: ${reasons[why]}`, {
    hint: 'Find out, say it with decideEffect, and replay the letter; or give onMaybe, which decides by itself.',
    data: { why },
  })
  return stating(error, { control: 'permanent' })
}

export function effectStoreFailed(message: string, cause: unknown): RedriveError {
  return stating(new RedriveError('EFFECT_STORE_FAILED', message, { cause }), { control: 'transient' })
}

export function effectResultUnusable(why: string): RedriveError {
  const error = new RedriveError(
    'EFFECT_RESULT_UNUSABLE',
    `the effect has happened, but its result was not kept: ${why}`,
    {
      hint: 'Return less, or nothing: what later steps need and JSON can hold.',
    },
  )
  return stating(error, { control: 'permanent' })
}

export function effectUnnamed(): RedriveError {
  const error = new RedriveError('EFFECT_UNNAMED', 'the message has no identity yet that outlives a crash', {
    hint: 'It gets one on its way through a retry lane. Let the producer set a message id, or give effects.id, to save the trip.',
  })
  return stating(error, { control: 'retry', delayMs: 0 })
}
