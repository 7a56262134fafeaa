export { decideEffect, type EffectOfLetter, lookAtEffect } from './decide-effect.ts'
export { EffectNotDone } from './effect-errors.ts'
export type { EffectsOptions, ProcessedOptions } from './effect-options.ts'
export { maxResultBytes } from './effect-result.ts'
export * from './effect-store.ts'
export type {
  AsJson,
  EffectAttempt,
  EffectMaybe,
  Effects,
  FailedMeans,
  Found,
  OnceOptions,
  OnMaybe,
} from './effects.ts'
export { failureMeans } from './failure-means.ts'
export { type MemoryEffectsOptions, memoryEffects } from './stores/memory.ts'
