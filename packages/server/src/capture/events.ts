/** What capture tells while it works; every line a person should be able to see. */
export type CaptureEvent =
  | {
      readonly kind: 'captured'
      readonly place: string
      readonly letters: number
      readonly duplicates: number
      readonly receipts: number
    }
  | {
      readonly kind: 'cause'
      readonly place: string
      readonly causeId: bigint
      readonly queue: string
      readonly title: string
    }
  | { readonly kind: 'hostile'; readonly place: string; readonly letterId: string; readonly reason: string }
  | { readonly kind: 'paused'; readonly place: string; readonly why: PauseReason; readonly message: string }
  | { readonly kind: 'resumed'; readonly place: string }
  | { readonly kind: 'trouble'; readonly place: string; readonly message: string }

export type PauseReason = 'broker' | 'database' | 'disk' | 'full'

export interface CaptureHealth {
  readonly place: string
  readonly state: 'running' | 'paused' | 'stopped'
  /** Why nothing comes in; `null` while it does. */
  readonly problem: string | null
  /** Queues that have come to their caps, where that is all that it waits for. */
  readonly waitsForRoomIn: readonly string[]
  /** Since the start of this process. */
  readonly letters: number
  readonly duplicates: number
  readonly receipts: number
  readonly lastBatchAtMs: number | null
}
