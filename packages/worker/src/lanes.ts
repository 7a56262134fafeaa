/**
 * The places a consumer retries through. They belong to the consumer, so that a retry or a replay reaches the consumer that
 * failed and not every subscriber of the queue.
 *
 * Where the broker cannot delay by itself, a lane is read ahead and held until due. A lane takes only delays up to its bound, so
 * that what is due in a second never queues behind what is due in an hour.
 */
export interface Lanes {
  /** Shortest first. The last one takes every longer delay as well. */
  readonly retries: readonly { readonly place: string; readonly maxDelayMs: number }[]
  /** What was in the hands of a worker that died: run one at a time. */
  readonly suspects: string
  readonly deadLetter: string
}

const bounds = [
  { suffix: '', maxDelayMs: 10_000 },
  { suffix: '-1m', maxDelayMs: 60_000 },
  { suffix: '-10m', maxDelayMs: 600_000 },
  { suffix: '-1h', maxDelayMs: 3_600_000 },
] as const

/** `orders` read by `reefer` → `orders-retries-reefer`, `…-1m`, `…-10m`, `…-1h`, `orders-suspects-reefer`, `orders-dead-letter`. */
export function lanesOf(queue: string, consumer: string, nativeDelay: boolean): Lanes {
  const base = `${queue}-retries-${consumer}`
  const used = nativeDelay ? [{ suffix: '', maxDelayMs: Number.POSITIVE_INFINITY }] : bounds
  return {
    retries: used.map(({ suffix, maxDelayMs }) => ({ place: base + suffix, maxDelayMs })),
    suspects: `${queue}-suspects-${consumer}`,
    deadLetter: `${queue}-dead-letter`,
  }
}

/** The shortest lane that takes the delay. */
export function laneFor(lanes: Lanes, delayMs: number): string {
  const lane = lanes.retries.find(({ maxDelayMs }) => delayMs <= maxDelayMs) ?? lanes.retries.at(-1)
  if (lane === undefined) throw new RangeError('a consumer has at least one retry lane')
  return lane.place
}
