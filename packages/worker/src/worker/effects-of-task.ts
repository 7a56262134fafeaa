import type { EffectSettings } from '../effects/effects.ts'
import { type Effects, effectsOf } from '../effects/effects.ts'
import { RedriveError } from '../errors.ts'
import type { HandlerContext } from './attempt.ts'
import type { Task } from './task.ts'

/** Makes the effects of one call. */
export type EffectsOf = (task: Task, context: HandlerContext) => Effects

export function effectsOfTask(settings: EffectSettings | null, consumer: string): EffectsOf {
  if (settings === null) return notConfigured
  const { clock } = settings
  return (task, context) => {
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
          return context.signal
        },
        isOver: () => task.lost || clock.now() >= context.deadline,
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
