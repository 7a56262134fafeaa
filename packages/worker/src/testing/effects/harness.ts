import type { EffectStore } from '../../effects/effect-store.ts'

/** A store with nothing in it. */
export interface EffectHarness {
  readonly store: EffectStore
  /** The same records, from another process: a connection of its own. */
  readonly other: EffectStore
  /** Lets time pass for the records. */
  advance(ms: number): Promise<void>
  dispose(): Promise<void>
}

export type EffectCases = Readonly<Record<string, (harness: EffectHarness) => Promise<void>>>
