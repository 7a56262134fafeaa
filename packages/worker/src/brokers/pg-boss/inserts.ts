import { randomUUID } from 'node:crypto'
import type { Outgoing, SendResult, SqlTransaction } from '../../broker.ts'
import { messageBytes } from '../../message.ts'
import type { DatabaseLike, JobInsertLike, PgBossLike } from './client.ts'
import { dataOf } from './envelope.ts'
import { outcomeOfError } from './outcome-of-error.ts'

/** What became of the job of an id. */
export type ResultOf = (id: string) => SendResult

/** Jobs of the messages that can be sent at all, and what puts the results of all together, in order. */
export function jobsFor(
  messages: readonly Outgoing[],
  maxBytes: number,
): { readonly jobs: JobInsertLike[]; resultsWith(resultOf: ResultOf): readonly SendResult[] } {
  const each = messages.map((message) => refusalOf(message, maxBytes) ?? jobFor(message))
  return {
    jobs: each.flatMap((one) => ('kind' in one ? [] : [one])),
    resultsWith: (resultOf) => each.map((one) => ('kind' in one ? one : resultOf(one.id))),
  }
}

function refusalOf({ message, partition }: Outgoing, maxBytes: number): SendResult | undefined {
  if (partition !== undefined && partition !== '0') {
    return { kind: 'not-sent', reason: `a pg-boss queue has no partition ${partition}`, retryable: false }
  }
  const bytes = messageBytes(message)
  if (bytes <= maxBytes) return undefined
  return { kind: 'not-sent', reason: `${bytes} bytes are above the limit of ${maxBytes}`, retryable: false }
}

export const uuid: RegExp = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

function jobFor({ message, delayMs, uniqueId }: Outgoing): JobInsertLike {
  const priority = message.properties?.['priority']
  return {
    id: uniqueId !== undefined && uuid.test(uniqueId) ? uniqueId : randomUUID(),
    data: dataOf(message),
    ...(delayMs !== undefined && delayMs > 0 ? { startAfter: delayMs / 1000 } : {}),
    ...(Number.isInteger(priority) && Math.abs(Number(priority)) < 2 ** 31 ? { priority: Number(priority) } : {}),
  }
}

/** In one statement over a connection of the instance. Never rejects. */
export async function insert(boss: PgBossLike, name: string, jobs: JobInsertLike[]): Promise<ResultOf> {
  if (jobs.length === 0) return noJobs
  try {
    return amongInserted(await boss.insert(name, jobs, { returnId: true }))
  } catch (error) {
    const outcome = outcomeOfError(error)
    if (jobs.length === 1 || outcome.kind !== 'not-sent' || outcome.retryable) return () => outcome
    // One statement, one refusal: what is wrong with one job must not be held against the others.
    const alone = new Map<string, SendResult>()
    for (const job of jobs) alone.set(job.id, (await insert(boss, name, [job]))(job.id))
    return (id) => alone.get(id) ?? outcome
  }
}

/**
 * The same statement as part of somebody's transaction, on its connection. Before it, the instance may ask its own pool about the queue; whatever
 * fails until then has sent nothing and leaves the transaction as it is.
 * @throws what the statement throws
 */
export async function insertWithin(
  transaction: SqlTransaction,
  { boss, name, jobs }: { readonly boss: PgBossLike; readonly name: string; readonly jobs: JobInsertLike[] },
): Promise<ResultOf> {
  if (jobs.length === 0) return noJobs
  let isAsked = false
  const db: DatabaseLike = {
    executeSql(text, values) {
      isAsked = true
      return transaction.query(text, values)
    },
  }
  try {
    return amongInserted(await boss.insert(name, jobs, { returnId: true, db }))
  } catch (error) {
    if (isAsked) throw error
    const outcome = outcomeOfError(error)
    return () => (outcome.kind === 'uncertain' ? { ...outcome, kind: 'not-sent', retryable: true } : outcome)
  }
}

const noJobs: ResultOf = () => ({ kind: 'not-sent', reason: 'nothing to send', retryable: false })

function amongInserted(ids: readonly string[] | null): ResultOf {
  const inserted = new Set(ids)
  return (id) =>
    inserted.has(id)
      ? { kind: 'sent', nativeId: id }
      : { kind: 'not-sent', reason: 'the queue is gone or its policy refuses the job', retryable: true }
}
