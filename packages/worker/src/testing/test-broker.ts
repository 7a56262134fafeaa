import { test } from 'node:test'
import type { Cases, Harness } from './case.ts'
import type { CaseName } from './case-name.ts'
import { deliveryCases } from './delivery.ts'
import { expiryCases } from './expiry.ts'
import { headersCases } from './headers.ts'
import { lookBackCases } from './look-back.ts'
import { orderCases } from './order.ts'
import { outageCases } from './outages.ts'
import { placesCases } from './places.ts'
import { reconnectCases } from './reconnect.ts'
import { settlementCases } from './settlement.ts'
import { shutdownCases } from './shutdown.ts'
import { sizesCases } from './sizes.ts'

export interface TestBrokerOptions {
  /** A fresh broker and a fresh prefix; called once per case. */
  readonly create: () => Promise<Harness>
  /** Cases left out, each with its reason, which is printed. */
  readonly skip?: readonly { readonly case: CaseName; readonly reason: string }[]
  /** How long something that has to happen may take. @default 30_000 */
  readonly deadlineMs?: number
  /** How long nothing has to happen before it counts as not happening. @default 500 */
  readonly quietMs?: number
}

const topics: readonly (readonly [string, Cases<string>])[] = [
  ['delivery', deliveryCases],
  ['places', placesCases],
  ['settlement', settlementCases],
  ['order', orderCases],
  ['headers', headersCases],
  ['sizes', sizesCases],
  ['look back', lookBackCases],
  ['expiry', expiryCases],
  ['shutdown', shutdownCases],
  ['reconnect', reconnectCases],
  ['outage', outageCases],
]

/**
 * The contract of the port as tests on `node:test`: call it at the top of a test file. A capability claimed is proven by a
 * case; one denied has to fail with `CAPABILITY_MISSING`, be refused, or be stated among the losses.
 */
export function testBroker(name: string, options: TestBrokerOptions): void {
  const skipped = new Map<string, string>((options.skip ?? []).map((skip) => [skip.case, skip.reason]))
  for (const [topic, cases] of topics) {
    for (const [title, run] of Object.entries(cases)) {
      const reason = skipped.get(title)
      test(`${name} · ${topic} · ${title}`, reason === undefined ? {} : { skip: reason }, async () => {
        const harness = await options.create()
        try {
          await run(
            Object.assign(harness, { deadlineMs: options.deadlineMs ?? 30_000, quietMs: options.quietMs ?? 500 }),
          )
        } finally {
          await harness.dispose()
        }
      })
    }
  }
}
