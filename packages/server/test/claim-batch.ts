import { type ClaimOptions, claimNext, type Lease } from '../src/replay/claim.ts'
import type { Batch } from '../src/replay/claimed.ts'
import { lettersOf } from '../src/replay/content.ts'
import type { Store } from '../src/store/store.ts'

/** Claims the next letters of a run and reads them, for whoever then sends by hand. @throws when there are none */
export async function claimBatch(store: Store, lease: Lease, options?: ClaimOptions): Promise<Batch> {
  const claim = await claimNext(store, lease, options)
  if (claim.kind !== 'claimed') throw new Error(`the claim is ${claim.kind}`)
  return { ...claim, letters: await lettersOf(store, lease, claim) }
}
