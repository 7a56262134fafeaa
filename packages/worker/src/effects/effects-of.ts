import { RedriveError } from '../errors.ts'
import type { EffectAttempt, EffectSettings, EffectSubject, Effects, OnceOptions } from './effects.ts'
import { once } from './once.ts'

/** The effects of one attempt. */
export function effectsOf(subject: EffectSubject, settings: EffectSettings): Effects {
  return {
    once: (name: string, run: (attempt: EffectAttempt) => unknown, options?: OnceOptions<unknown>) =>
      once({ subject, settings, name, run, options: options ?? {} }) as Promise<never>,
    in(client) {
      const inside = settings.store.in?.(client)
      if (inside === undefined)
        throw new RedriveError('CAPABILITY_MISSING', 'this store of effects has no transactions', {
          hint: 'Use postgresEffects, or call once without in().',
        })
      return effectsOf(subject, { ...settings, store: inside })
    },
  }
}
