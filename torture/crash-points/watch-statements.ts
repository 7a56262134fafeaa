import pg from 'pg'
import type { Boundaries } from './boundaries.ts'

type Query = (this: object, ...given: unknown[]) => unknown

/** From now on every statement of this process, over whatever connection, crosses a boundary before it is sent and after its answer. */
export function watchStatements({ cross }: Boundaries): void {
  const prototype = pg.Client.prototype as unknown as { query: Query }
  const { query } = prototype
  const lastOf = new WeakMap<object, string>()
  prototype.query = function (...given) {
    const label = labelOf(given[0], lastOf.get(this))
    if (label === null) return query.apply(this, given)
    if (!label.startsWith('commit')) lastOf.set(this, label)
    const done = (): void => cross('after', label)
    cross('before', label)
    const [first] = given
    const callback = given.at(-1)
    if (typeof callback === 'function') {
      given[given.length - 1] = (...answer: unknown[]) => {
        done()
        callback(...answer)
      }
      return query.apply(this, given)
    }
    if (isSubmittable(first)) {
      callBefore(first, 'handleReadyForQuery', done)
      callBefore(first, 'handleError', done)
      return query.apply(this, given)
    }
    const answer = query.apply(this, given) as Promise<unknown>
    return answer.finally(done)
  }
}

interface Submittable {
  submit(): void
  handleReadyForQuery(...given: unknown[]): void
  handleError(...given: unknown[]): void
}

const isSubmittable = (query: unknown): query is Submittable =>
  typeof query === 'object' && query !== null && 'submit' in query

function callBefore(target: Submittable, method: 'handleReadyForQuery' | 'handleError', work: () => void): void {
  const original = target[method]
  target[method] = function (...given) {
    work()
    original.apply(this, given)
  }
}

/** `null`: a session is set up, and nothing is done with it yet. */
function labelOf(query: unknown, last: string | undefined): string | null {
  if (isSubmittable(query)) return 'copy'
  const { name, text } = typeof query === 'string' ? { name: undefined, text: query } : (query as pg.QueryConfig)
  const words = name ?? text.replaceAll(/\s+/g, ' ').trim().slice(0, 90)
  if (words.startsWith('set search_path to')) return null
  // Commits are told apart by what they commit.
  return words === 'commit' ? `commit of ${last ?? 'nothing'}` : words
}
