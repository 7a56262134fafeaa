import type { Notice } from '../notice.ts'

/** Carries notices to people. */
export interface Notifier {
  readonly name: string
  /** Most notices in a minute; what is beyond waits. */
  readonly perMinute: number
  /** Never rejects. @param key the same for each try: whoever gets it twice can tell */
  deliver(notification: { readonly key: string; readonly notice: Notice }, signal: AbortSignal): Promise<Delivered>
}

/** `later`: it is tried again. `refused`: it never will be taken. Reasons hold no secret. */
export type Delivered =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'later'; readonly reason: string; readonly afterMs?: number }
  | { readonly kind: 'refused'; readonly reason: string }
