import { RedriveError } from '@redrive/worker'
import { parseQuery, type Query } from '../letters/index.ts'
import type { Store } from '../store/store.ts'
import { chosenBy } from './chosen-by.ts'
import { comparableWith, comparedFacets, consumersOf, readHealthy, tokensOfMessage } from './healthy.ts'
import { hourFacet } from './letter-tokens.ts'
import { type Common, minLetters, rank } from './rank.ts'
import { readLetters } from './read-letters.ts'
import { type Against, type Asked, type InCommonOptions, type Samples, samplesOf } from './samples-of.ts'
import { TokenCounts } from './token-counts.ts'

/** `found`; `nothing` sets them apart; fewer than five letters here (`too-few`) or there (`no-others`): nothing can be said. */
export type Verdict = 'found' | 'nothing' | 'too-few' | 'no-others'

export interface InCommon {
  readonly against: Against
  readonly verdict: Verdict
  readonly common: readonly Common[]
  /** Found as well, beyond the ones that are shown. */
  readonly more: number
  readonly queues: readonly string[]
  readonly set: SideSummary & {
    /** False: only the newest of those that match were looked for. */
    readonly complete: boolean
    readonly first: Date | null
    readonly last: Date | null
  }
  readonly others: SideSummary & { readonly from: Date | null; readonly to: Date | null }
  readonly tests: number
  /** Facets that are not compared, for the letters were chosen by them, or died on too few days. */
  readonly leftOut: readonly string[]
}

export interface SideSummary {
  readonly letters: number
  /** False: estimated. */
  readonly counted: boolean
  /** As many of them as were read: all, or a random sample. */
  readonly looked: number
  readonly bodies: number
}

/** Below it, the hour only says when it happened. */
const minDays = 3

/**
 * What letters have that the other letters of their queues, from a day before the first of them to a day after the last, have less. Both in
 * any state, as they were captured; or than messages of their queues that the same consumers handled then. Sorted by surprise.
 * @throws NOT_FOUND (no such cause), QUERY_INVALID, REQUEST_INVALID (an empty query)
 */
export async function inCommon(store: Store, options: InCommonOptions): Promise<InCommon> {
  const query = queryOf(options.of)
  const { set, others, ...facts } = await store.transaction((client) => samplesOf(client, { ...options, query }), {
    isolation: 'repeatable read',
    readOnly: true,
  })
  if (options.against === 'healthy') return againstHealthy(store, { ...facts, set, query, size: options.size ?? 2_000 })
  const counts = new TokenCounts()
  // At once: while what one side says is counted, the database looks for the other.
  const [here, there] = await Promise.all([
    readLetters(store.pool, set.ids, { side: 'set', counts }),
    readLetters(store.pool, others.ids, { side: 'others', counts }),
  ])
  const leftOut = [...chosenBy(query), ...(here.days < minDays ? [hourFacet] : [])]
  const isEnough = here.letters >= minLetters && there.letters >= minLetters
  const { common, more, tests } = isEnough ? rank(counts, new Set(leftOut)) : { common: [], more: 0, tests: 0 }
  const found: Verdict = common.length > 0 ? 'found' : 'nothing'
  return {
    against: 'letters',
    verdict: here.letters < minLetters ? 'too-few' : there.letters < minLetters ? 'no-others' : found,
    common,
    more,
    queues: facts.queues,
    set: {
      ...{ letters: set.letters, counted: set.counted, looked: here.letters, bodies: here.bodies },
      ...{ complete: facts.complete, first: facts.first, last: facts.last },
    },
    others: {
      ...{ letters: others.letters, counted: others.counted, looked: there.letters, bodies: there.bodies },
      ...{ from: facts.from, to: facts.to },
    },
    tests,
    leftOut,
  }
}

/** Both sides say only what messages that were handled can say. */
async function againstHealthy(
  store: Store,
  { set, query, size, ...facts }: Omit<Samples, 'others'> & { readonly query: Query; readonly size: number },
): Promise<InCommon> {
  const { queues, complete, first, last, from, to } = facts
  const counts = new TokenCounts()
  const healthy =
    from === null || to === null
      ? { messages: [], count: 0 }
      : await readHealthy(store.pool, { queues, consumers: await consumersOf(store.pool, set.ids), from, to, size })
  const comparable = comparableWith(healthy.messages)
  const here = await readLetters(store.pool, set.ids, { side: 'set', counts, comparable })
  let bodies = 0
  for (const message of healthy.messages) {
    const tokens = tokensOfMessage(message, comparable)
    if (tokens.body !== undefined) bodies += 1
    counts.add('others', tokens)
  }
  const leftOut = chosenBy(query).filter((facet) => comparedFacets.includes(facet))
  const isEnough = here.letters >= minLetters && healthy.messages.length >= minLetters
  const { common, more, tests } = isEnough ? rank(counts, new Set(leftOut)) : { common: [], more: 0, tests: 0 }
  const found: Verdict = common.length > 0 ? 'found' : 'nothing'
  return {
    against: 'healthy',
    verdict: here.letters < minLetters ? 'too-few' : isEnough ? found : 'no-others',
    ...{ common, more, queues, tests, leftOut },
    set: {
      ...{ letters: set.letters, counted: set.counted, looked: here.letters, bodies: here.bodies },
      ...{ complete, first, last },
    },
    others: { letters: healthy.count, counted: true, looked: healthy.messages.length, bodies, from, to },
  }
}

function queryOf(of: Asked): Query {
  if ('cause' in of) return { conditions: [{ field: 'cause', values: [of.cause], negated: false }] }
  if (of.query.trim() !== '') return parseQuery(of.query)
  throw new RedriveError('REQUEST_INVALID', 'An empty query does not mean everything.', {
    hint: 'Name what you mean, for example error:ETIMEDOUT.',
  })
}
