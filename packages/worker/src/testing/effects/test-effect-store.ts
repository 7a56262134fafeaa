import { test } from 'node:test'
import { beginCases } from './begin-cases.ts'
import type { EffectCases, EffectHarness } from './harness.ts'
import { hostileCases } from './hostile-cases.ts'
import { putCases } from './put-cases.ts'
import { timeCases } from './time-cases.ts'

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
