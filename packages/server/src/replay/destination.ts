import { lanesOf } from '@redrive/worker'

/** `lane`: to the retry lane of the consumer that failed. `origin`: to the place the message first came from, and so to all who read it. */
export type Destination = 'lane' | 'origin'

export interface ReplaySource {
  readonly broker: string
  readonly originPlace: string | null
  readonly consumer: string | null
  /** Our worker library wrote the letter, so its consumer has lanes. */
  readonly ours: boolean
  readonly nativeDelay: boolean
}

/** Where a letter goes, or why it cannot go there. */
export function destinationOf(
  letter: ReplaySource,
  destination: Destination,
): { readonly place: string } | { readonly skip: 'no-lane' | 'origin-unknown' } {
  if (letter.originPlace === null) return { skip: 'origin-unknown' }
  if (destination === 'origin') return { place: letter.originPlace }
  if (!letter.ours || letter.consumer === null) return { skip: 'no-lane' }
  const [lane] = lanesOf(letter.originPlace, letter.consumer, letter.nativeDelay).retries
  return lane === undefined ? { skip: 'no-lane' } : { place: lane.place }
}
