import type { Broker, Capabilities, Keeping, PlaceSpec, SendResult } from '../../broker.ts'
import { RedriveError } from '../../errors.ts'
import type { PgBossLike, QueueLike } from './client.ts'
import { insert, insertWithin, jobsFor, uuid } from './inserts.ts'
import { jobsOf } from './jobs.ts'
import { endsOf, foundAmong } from './look-back.ts'
import { asking, isRefused } from './outcome-of-error.ts'
import { PgBossSubscription } from './subscription.ts'

export type {
  Claim,
  DatabaseLike,
  InsertOptionsLike,
  JobInsertLike,
  JobLike,
  PgBossLike,
  QueueLike,
  QueueOptionsLike,
} from './client.ts'

export interface PgBossOptions {
  /** Your instance of pg-boss 12, started; you stop it after closing the broker. */
  readonly boss: PgBossLike
  /** The schema your instance was made with. @default 'pgboss' */
  readonly schema?: string
  /**
   * A claim that is not renewed for so long is taken back, in whole seconds: what a dead worker held comes back after this time and
   * at most a quarter more. Longer than a handler may block the event loop. @default 10_000
   */
  readonly leaseMs?: number
  /** Time between looks at an empty queue, growing from the first to the second while it stays empty. @default 50 to 250 */
  readonly pollMs?: { readonly min: number; readonly max: number }
  /** @default 16 MiB */
  readonly maxMessageBytes?: number
}

const yearSeconds = 365 * 24 * 60 * 60
const wantedSeconds = 14 * 24 * 60 * 60
const closed: SendResult = { kind: 'not-sent', reason: 'the broker was closed', retryable: true }
/** What pg-boss takes for the shortest heartbeat of a queue. */
const minHeartbeatSeconds = 10

const losses = [
  'Jobs of other producers are jsonb: their body is the JSON text of the value, not the bytes that were sent.',
  'A message with a key, headers or bytes that are not plain JSON is an envelope ({"redrive":1, …}) in data; only this adapter reads it.',
  'Of the properties only priority acts on a send; the others, singletonKey among them, are kept but not applied.',
  'Jobs inserted in one batch have no order among themselves.',
  'A worker whose event loop or database connection stands still longer than leaseMs loses its claims, and the jobs are handed out again.',
  'In a queue of a policy other than standard a job that is given back can be refused in favour of a queued one; pg-boss then decides.',
  'Jobs that were claimed when the answer to the claim was lost count as redelivered.',
] as const

/** pg-boss 12 on PostgreSQL. A place is a queue. */
export function pgBossBroker(options: PgBossOptions): Broker {
  const { boss } = options
  if (typeof boss?.fetch !== 'function' || typeof boss.getDb !== 'function') {
    throw new RedriveError('CLIENT_UNSUPPORTED', 'boss is not an instance of pg-boss 12')
  }
  const schema = options.schema ?? 'pgboss'
  if (/["\u0000]/.test(schema)) throw new RedriveError('OPTION_INVALID', 'schema holds a quotation mark')
  const leaseSeconds = Math.max(1, Math.ceil((options.leaseMs ?? 10_000) / 1000))
  const jobs = jobsOf(boss, { schema, leaseSeconds })
  const subscriptions = new Set<PgBossSubscription>()
  let isClosed = false

  const capabilities: Capabilities = {
    ordering: 'none',
    nativeDelay: { maxMs: yearSeconds * 1000 },
    redelivered: 'exact',
    positions: false,
    keys: true,
    headers: { duplicates: true, nulls: true, order: true },
    misfits: { key: 'aside', nullBody: 'aside', headers: 'aside' },
    maxBytes: options.maxMessageBytes ?? 16 * 1024 * 1024,
    maxHeaderBytes: options.maxMessageBytes ?? 16 * 1024 * 1024,
    losses,
  }
  const onError = (error: Error): void => {
    for (const subscription of subscriptions) subscription.troubled(error)
  }
  boss.on('error', onError)

  const exists = async (place: string): Promise<Awaited<ReturnType<PgBossLike['getQueue']>>> =>
    asking(() => boss.getQueue(queueName(place))).catch((error: unknown) => {
      throw new RedriveError('BROKER_UNREACHABLE', `${place}: the database of pg-boss cannot be asked`, {
        cause: error,
      })
    })
  const existing = async (place: string): Promise<NonNullable<Awaited<ReturnType<PgBossLike['getQueue']>>>> => {
    const queue = await exists(place)
    if (queue === null) throw new RedriveError('PLACE_MISSING', `there is no queue ${place}`)
    return queue
  }

  const asked = <T>(place: string, question: () => Promise<T>): Promise<T> =>
    asking(question).catch((error: unknown) => {
      throw new RedriveError('BROKER_UNREACHABLE', `${place}: the database of pg-boss cannot be asked`, {
        cause: error,
      })
    })

  /** Renewing no claim at all shows whether the table is where and as we take it to be. */
  const usable = async (place: string): Promise<void> => {
    await asking(() => jobs.keep(queueName(place), [])).catch((error: unknown) => {
      throw isRefused(error)
        ? new RedriveError('CLIENT_UNSUPPORTED', `the jobs of pg-boss in schema ${schema} cannot be used`, {
            cause: error,
            hint: 'give the schema of your instance: pgBossBroker({ boss, schema }); pg-boss 12 is needed',
          })
        : new RedriveError('BROKER_UNREACHABLE', `${place}: the database of pg-boss cannot be asked`, { cause: error })
    })
  }

  return {
    system: 'pg-boss',
    capabilities,
    async prepare(places) {
      for (const { place, role } of places) {
        if ((await exists(place)) !== null) continue
        await boss.createQueue(queueName(place), queueOptions(role, leaseSeconds)).catch((error: unknown) => {
          throw new RedriveError('PLACE_MISSING', `the queue ${place} cannot be created`, { cause: error })
        })
      }
    },
    async receive(place, receive) {
      if (isClosed) throw new RedriveError('BROKER_CLOSED', 'the pg-boss broker was closed')
      if (receive.positions !== undefined)
        throw new RedriveError('CAPABILITY_MISSING', 'a pg-boss queue has no positions')
      await existing(place)
      await usable(place)
      const { min: minPollMs, max: maxPollMs } = options.pollMs ?? { min: 50, max: 250 }
      const name = queueName(place)
      const subscription = new PgBossSubscription(jobs, {
        place,
        name,
        receive,
        leaseMs: leaseSeconds * 1000,
        minPollMs,
        maxPollMs,
      })
      subscriptions.add(subscription)
      return subscription
    },
    async send(place, messages) {
      if (isClosed) return messages.map(() => closed)
      const { jobs: inserts, resultsWith } = jobsFor(messages, capabilities.maxBytes)
      return resultsWith(await insert(boss, queueName(place), inserts))
    },
    async sendWithin(transaction, place, messages) {
      if (isClosed) return messages.map(() => closed)
      const { jobs: inserts, resultsWith } = jobsFor(messages, capabilities.maxBytes)
      return resultsWith(await insertWithin(transaction, { boss, name: queueName(place), jobs: inserts }))
    },
    async depth(place) {
      await existing(place)
      return { messages: await asking(() => jobs.count(queueName(place))) }
    },
    async describe(place) {
      const queue = await exists(place)
      if (queue === null) return { exists: false, partitions: 0, facts: [], consumers: [] }
      const facts = [
        `policy ${queue.policy ?? 'standard'}, retryLimit ${queue.retryLimit}, expireInSeconds ${queue.expireInSeconds}`,
        `heartbeatSeconds ${queue.heartbeatSeconds ?? 'none'}: claims of this adapter are renewed and taken back after ${leaseSeconds} s`,
        `jobs that wait longer than retentionSeconds ${queue.retentionSeconds} are deleted by pg-boss`,
        queue.deadLetter === undefined || queue.deadLetter === null
          ? 'no dead letter queue of pg-boss'
          : `dead letter queue of pg-boss: ${queue.deadLetter}`,
      ]
      return { exists: true, partitions: 1, facts, consumers: [] }
    },
    async expiry(place) {
      const queue = await existing(place)
      const { waiting, endsAtMs } = await asked(place, () => jobs.waiting(queueName(place)))
      return { waiting, oldestEndsAtMs: endsAtMs, gone: 0, keeps: keepingOf(queueName(place), queue) }
    },
    async ends(place) {
      const queue = await existing(place)
      return endsOf(await asked(place, () => jobs.nowMs()), queue)
    },
    async findReplays(place, search) {
      const queue = await exists(place)
      const name = queueName(place)
      // The time first: what is deleted in between is then counted as gone.
      const { nowMs, ids } = await asked(place, async () => {
        const now = await jobs.nowMs()
        return {
          nowMs: now,
          ids: await jobs.existing(
            name,
            [...search.replayIds].filter((id) => uuid.test(id)),
          ),
        }
      })
      return foundAmong({ place, queue, nowMs, ids }, search)
    },
    async close() {
      isClosed = true
      await Promise.all([...subscriptions].map((subscription) => subscription.close()))
      subscriptions.clear()
      boss.off('error', onError)
    },
  }
}

/** Names may hold letters, digits, `_`, `.`, `-` and `/`; anything else becomes its code point between dots. */
export function queueName(place: string): string {
  return place.replace(/[^\w.\-/]/gu, (char) => `.${char.codePointAt(0)?.toString(16)}.`)
}

/** Each job has its end since it was sent: a queue that keeps longer now keeps later ones longer. */
function keepingOf(name: string, { retentionSeconds }: QueueLike): Keeping {
  return {
    ageMs: retentionSeconds === undefined ? null : retentionSeconds * 1000,
    messages: null,
    bytes: null,
    unusedMs: null,
    isCompacted: false,
    longer: `boss.updateQueue('${name}', { retentionSeconds: ${wantedSeconds} })`,
  }
}

function queueOptions(role: PlaceSpec['role'], leaseSeconds: number): Parameters<PgBossLike['createQueue']>[1] {
  return {
    // pg-boss never fails a job of ours for good: core decides what is dead.
    retryLimit: 1_000_000,
    retryDelay: 0,
    heartbeatSeconds: Math.max(minHeartbeatSeconds, leaseSeconds),
    expireInSeconds: 15 * 60,
    // pg-boss deletes what has waited longer, dead letters included.
    retentionSeconds: 10 * yearSeconds,
    deleteAfterSeconds: role === 'source' ? 7 * 24 * 60 * 60 : 60 * 60,
  }
}
