import type { Store } from '../store/store.ts'
import type { Lease } from './claim.ts'
import type { Batch, Intent, Put } from './claimed.ts'
import { lettersOf } from './content.ts'
import { putTogether, type SendContext } from './send-batch.ts'
import { throughOutage } from './through-outage.ts'

/** A batch with what is sent of it. */
export interface Prepared extends Batch {
  /** Nothing where it is put together for each try within a transaction. */
  readonly put: readonly Put[] | undefined
}

/**
 * Reads the letters of an intent and puts together what is sent of them. Their intent is durable, so they are worth some patience with a database that is
 * away, until `signal` says that nothing more is sent.
 */
export async function prepare(
  intent: Intent,
  context: Pick<SendContext, 'brokers' | 'clock' | 'signal'> & { readonly store: Store; readonly lease: Lease },
): Promise<Prepared> {
  const { store, lease, brokers, clock, signal } = context
  const letters = await throughOutage(clock, () => lettersOf(store, lease, intent), signal)
  return { ...intent, letters, put: intent.isWithin ? undefined : await putTogether(letters, brokers) }
}
