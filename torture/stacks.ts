import { availableParallelism } from 'node:os'
import { type TortureOptions, type TortureResult, torture } from './run.ts'
import type { TargetName } from './targets/index.ts'

/** What several stacks came to together. */
export interface StacksResult extends TortureResult {
  readonly stacks: number
}

type Faults = Pick<TortureOptions, 'kills' | 'cuts' | 'freezes' | 'jumps' | 'fills'>

/** So that the seeds of two stacks, and what each derives from its own, never meet. */
const seedsApart = 100
/** Fewer are over sooner than another stack has started and settled. */
const killsWorthAStack = 50
/** While one stack waits for a server that comes up, others work. */
const stacksPerCore = 2

/**
 * Only where a stack has no broker of its own, which takes more of the machine than all the rest; and one where freezes take turns or the small
 * disk is filled.
 */
export function usualStacks({ target, kills, freezes, fills }: { readonly target: TargetName } & Faults): number {
  if (target === 'kafka' || target === 'rabbitmq' || freezes + fills > 0) return 1
  return Math.max(1, Math.min(stacksPerCore * availableParallelism(), Math.floor(kills / killsWorthAStack)))
}

/**
 * Shares the faults among stacks side by side: each has an office, a worker, a database and a seed of its own, so that waiting in one overlaps
 * with work in another. Rejects when all are over and one did.
 */
export async function tortureStacks(options: TortureOptions & { readonly stacks: number }): Promise<StacksResult> {
  const { stacks, seed, say } = options
  const startedMs = performance.now()
  const runs = sharesOf(options, stacks).map(async (faults, index): Promise<TortureResult> => {
    const own = seed + index * seedsApart
    const named = stacks === 1 ? '' : `stack ${index + 1} of seed ${own}: `
    try {
      const result = await torture({ ...options, ...faults, seed: own, say: (line) => say(`${named}${line}`) })
      return { ...result, examples: result.examples.map((example) => `${named}${example}`) }
    } catch (error) {
      // The others may go on for long.
      say(`${named}${String(error)}`)
      throw error
    }
  })
  await Promise.allSettled(runs)
  const seconds = Math.round((performance.now() - startedMs) / 1_000)
  return { ...(await Promise.all(runs)).reduce(sumOf), stacks, seconds, seed }
}

/** As even as whole numbers allow. */
export function sharesOf({ kills, cuts, freezes, jumps, fills }: Faults, stacks: number): readonly Faults[] {
  return Array.from({ length: stacks }, (_, index) => {
    const share = (count: number): number => Math.floor((count + index) / stacks)
    return {
      kills: share(kills),
      cuts: share(cuts),
      freezes: share(freezes),
      jumps: share(jumps),
      fills: share(fills),
    }
  })
}

function sumOf(one: TortureResult, other: TortureResult): TortureResult {
  return {
    kills: one.kills + other.kills,
    cuts: one.cuts + other.cuts,
    freezes: one.freezes + other.freezes,
    jumps: one.jumps + other.jumps,
    fills: one.fills + other.fills,
    produced: one.produced + other.produced,
    letters: one.letters + other.letters,
    lost: one.lost + other.lost,
    duplicatedUnknowingly: one.duplicatedUnknowingly + other.duplicatedUnknowingly,
    sentAfterStop: one.sentAfterStop + other.sentAfterStop,
    altered: one.altered + other.altered,
    stranded: one.stranded + other.stranded,
    uncertain: one.uncertain + other.uncertain,
    uncertainResolved: one.uncertainResolved + other.uncertainResolved,
    longestUnownedMs: Math.max(one.longestUnownedMs, other.longestUnownedMs),
    examples: [...one.examples, ...other.examples],
    unaccounted: one.unaccounted + other.unaccounted,
    census: countsOf(one.census, other.census),
    orders: countsOf(one.orders, other.orders),
    settled: one.settled && other.settled,
    seconds: Math.max(one.seconds, other.seconds),
    seed: one.seed,
  }
}

function countsOf(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const sum = { ...one }
  for (const [name, count] of Object.entries(other)) sum[name] = (sum[name] ?? 0) + count
  return sum
}
