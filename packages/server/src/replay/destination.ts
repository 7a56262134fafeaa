import { lanesOf } from '@redrive/worker'

/** A place on a connection of the office, by its name. */
export interface ChosenPlace {
  readonly broker: string
  readonly place: string
}

/**
 * `lane`: to the retry lane of the consumer that failed. `origin`: to the place the message first came from, and so to all who read it. Or a
 * place that somebody chose, and so to all who read that.
 */
export type Destination = 'lane' | 'origin' | ChosenPlace

export interface ReplaySource {
  readonly broker: string
  readonly originPlace: string | null
  readonly consumer: string | null
  /** Our worker library wrote the letter, so its consumer has lanes. */
  readonly ours: boolean
  readonly nativeDelay: boolean
}

/** Where a letter goes that is not redirected, or why it cannot go there. */
export function destinationOf(
  letter: ReplaySource,
  destination: 'lane' | 'origin',
): { readonly place: string } | { readonly skip: 'no-lane' | 'origin-unknown' } {
  if (letter.originPlace === null) return { skip: 'origin-unknown' }
  if (destination === 'origin') return { place: letter.originPlace }
  if (!letter.ours || letter.consumer === null) return { skip: 'no-lane' }
  const [lane] = lanesOf(letter.originPlace, letter.consumer, letter.nativeDelay).retries
  return lane === undefined ? { skip: 'no-lane' } : { place: lane.place }
}

/** As the columns of a plan hold it. */
export function destinationColumns(destination: Destination): readonly [string, string | null, string | null] {
  return typeof destination === 'string' ? [destination, null, null] : ['place', destination.broker, destination.place]
}

export function destinationFrom(row: {
  readonly destination: 'lane' | 'origin' | 'place'
  readonly to_broker: string | null
  readonly to_place: string | null
}): Destination {
  if (row.destination !== 'place') return row.destination
  return { broker: row.to_broker ?? '', place: row.to_place ?? '' }
}
