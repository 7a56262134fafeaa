import type { EffectSettings, Effects } from '../effects/effects.ts'
import { effectsOf } from '../effects/effects-of.ts'
import { RedriveError } from '../errors.ts'
import type { Task } from './task.ts'

/** Makes the effects of one call. */
export type EffectsOf = (task: Task, call: { readonly signal: AbortSignal; readonly deadline: number }) => Effects

export function effectsOfTask(settings: EffectSettings | null, consumer: string): EffectsOf {
  if (settings === null) return notConfigured
  const { clock } = settings
  return (task, call) => {
    const { id, firstFailedAtMs, lastFailedAtMs } = task.wire()
    return effectsOf(
      {
        consumer,
        letterId: id,
        named: task.named,
        message: task.message,
        // A crash sets only the second.
        failedAtMs: firstFailedAtMs ?? lastFailedAtMs,
        get signal() {
          return call.signal
        },
        isOver: () => task.lost || clock.now() >= call.deadline,
      },
      settings,
    )
  }
}

function notConfigured(): never {
  throw new RedriveError('OPTION_INVALID', 'effects is undefined', {
    hint: 'Give createWorker the option effects with a store, as { store: postgresEffects(pool) }.',
  })
}
