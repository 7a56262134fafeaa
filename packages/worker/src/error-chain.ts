import { read } from './guarded-read.ts'

const maxDepth = 8

/**
 * The thrown value and its causes, outermost first, at most 8 causes deep, cycles cut. An `AggregateError` without a cause
 * goes on with its first error.
 */
export function errorChain(thrown: unknown): readonly unknown[] {
  const chain: unknown[] = []
  let current: unknown = thrown
  while (chain.length <= maxDepth && !chain.includes(current)) {
    chain.push(current)
    const cause = read(current, 'cause') ?? read(read(current, 'errors'), '0')
    if (cause === undefined || cause === null) break
    current = cause
  }
  return chain
}
