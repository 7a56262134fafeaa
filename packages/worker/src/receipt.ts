import type { WorkerIdentity } from './wire.ts'

/** The worker's word about a replayed message; sent as the JSON body of a small message to the receipts place. */
export interface Receipt {
  readonly replayId: string
  /** The wire's `id`. */
  readonly letterId: string
  /** `failed`: it died again; its letter follows by the dead-letter place and carries the same replay id. */
  readonly result: 'handled' | 'discarded' | 'failed'
  readonly attempts: number
  readonly atMs: number
  readonly worker: WorkerIdentity
}

/** Where receipts go when nothing else is said. */
export const defaultReceiptsPlace = 'redrive-receipts'
