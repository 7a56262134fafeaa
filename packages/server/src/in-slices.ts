import { setImmediate as nextTurn } from 'node:timers/promises'

/** Maps many values, and lets everything else that waits for this thread have its turn after so many of them. */
export async function mapInSlices<T, U>(values: readonly T[], size: number, map: (value: T) => U): Promise<U[]> {
  const mapped: U[] = []
  for (const [at, value] of values.entries()) {
    if (at > 0 && at % size === 0) await nextTurn()
    mapped.push(map(value))
  }
  return mapped
}
