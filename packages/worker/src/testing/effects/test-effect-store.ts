import { test } from 'node:test'
import type { EffectStore } from '../../effects/effect-store.ts'
import { beginCases } from './begin-cases.ts'
import { hostileCases } from './hostile-cases.ts'
import { putCases } from './put-cases.ts'
import { timeCases } from './time-cases.ts'

/** A store with nothing in it. */
export interface EffectHarness {
  readonly store: EffectStore
  /** The same records, from another process: a connection of its own. */
  readonly other: EffectStore
  /** Lets time pass for the records. */
  advance(ms: number): Promise<void>
  dispose(): Promise<void>
}

/** The contract of a store of effects as tests on `node:test`: call it at the top of a test file. */
export function testEffectStore(name: string, options: { readonly create: () => Promise<EffectHarness> }): void {
  const topics = { begin: beginCases, time: timeCases, put: putCases, hostile: hostileCases }
  for (const [topic, cases] of Object.entries<EffectCases>(topics)) {
    for (const [title, run] of Object.entries(cases)) {
      test(`${name} · ${topic} · ${title}`, async () => {
        const harness = await options.create()
        try {
          await run(harness)
        } finally {
          await harness.dispose()
        }
      })
    }
  }
}

export type EffectCases = Readonly<Record<string, (harness: EffectHarness) => Promise<void>>>
