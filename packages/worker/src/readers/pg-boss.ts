import { cutEnd } from '../cut-text.ts'
import { pgBossError } from './pg-boss-error.ts'
import { type Reader, type Reading, reading } from './reader.ts'
import { caps, timeMsOf } from './values.ts'

/**
 * A row of pg-boss 10 to 12, under its SQL or its API names: the failed job itself, or the copy in the dead-letter queue. A copy says
 * where it comes from since the `source` columns exist; the error moved from `output` to `source_output` within version 12. `data` is
 * `jsonb`, which keeps values, never bytes.
 */
export const pgBoss: Reader = {
  name: 'pg-boss',
  layer: 'transport',
  owns: () => false,
  read({ system, place, message }): Reading | null {
    const row = message.properties
    if (system !== 'pg-boss' || row === undefined) return null
    const column = (sql: string, api: string): unknown => row[sql] ?? row[api]
    const state = text(row['state'])
    const source = text(column('source_name', 'sourceName'))
    const retryCount = count(column('retry_count', 'retryCount'))
    const createdMs = time(column('created_on', 'createdOn'))
    const base = { originSystem: 'pg-boss', bodyExact: false }
    const sourceId = text(column('source_id', 'sourceId'))
    const rootId = text(column('source_root_id', 'sourceRootId'))
    // A copy of a copy names the queue before it, not the first one.
    const origin = rootId === null || rootId === sourceId ? source : null
    const fromSource = {
      originPlace: origin,
      originTimestampMs: origin === null ? null : time(column('source_created_on', 'sourceCreatedOn')),
      originRoute: origin === null ? null : routeOf(origin, sourceId),
    }
    if (state === 'failed') {
      // Its own failure, even where it is a copy that the dead-letter queue's own worker failed.
      const name = text(row['name']) ?? place
      const started = time(column('started_on', 'startedOn')) !== null
      const limit = count(column('retry_limit', 'retryLimit'))
      return reading(
        {
          ...base,
          ...pgBossError(row['output']),
          ...(source === null
            ? { originPlace: name, originTimestampMs: createdMs, originRoute: routeOf(name, text(row['id'])) }
            : fromSource),
          consumer: name,
          attempts: started && retryCount !== null ? retryCount + 1 : null,
          maxAttempts: limit === null ? null : limit + 1,
          lastFailedAtMs: time(column('completed_on', 'completedOn')),
        },
        {},
      )
    }
    // An own retry has overwritten the output that the copy came with.
    const copied = column('source_output', 'sourceOutput') ?? (retryCount === 0 ? row['output'] : null)
    if (source === null && (copied === null || copied === undefined)) return null
    const sourceRetries = count(column('source_retry_count', 'sourceRetryCount'))
    return reading(
      {
        ...base,
        ...pgBossError(copied),
        ...fromSource,
        consumer: source,
        attempts: sourceRetries === null ? null : sourceRetries + 1,
      },
      // The copy is made in the transaction that fails the job.
      { lastFailedAtMs: createdMs },
    )
  },
}

function routeOf(queue: string, jobId: string | null): Record<string, string> {
  return jobId === null ? { queue } : { queue, jobId }
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? cutEnd(value, caps.name) : null
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
}

/** A `timestamptz` as JSON prints it, or the `Date` a client makes of it. */
function time(value: unknown): number | null {
  if (value instanceof Date) return timeMsOf(value.getTime())
  return typeof value === 'string' && value.length <= 40 ? timeMsOf(Date.parse(value)) : null
}
