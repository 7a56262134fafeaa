import { type Broker, RedriveError } from '@redrive/worker'
import { pgBossBroker } from '@redrive/worker/pg-boss'
import { PgBoss } from 'pg-boss'
import { reasonOf } from './reason-of.ts'

type PgBossOptions = ConstructorParameters<typeof PgBoss>[0] & object

interface OpenPgBoss {
  readonly broker: Broker
  close(): Promise<void>
}

/** A pg-boss of our own with its broker. @throws what starting it throws; then nothing of it is left */
export async function openPgBoss(options: PgBossOptions, onError: (error: Error) => void): Promise<OpenPgBoss> {
  const { broker, start, stop } = idlePgBoss(options, onError)
  await start()
  return {
    broker,
    async close() {
      await broker.close()
      await stop()
    },
  }
}

/** The same, started by who asks it first, and by the next one again as long as that fails: its database may be away. */
export function openPgBossLater(options: PgBossOptions, onError: (error: Error) => void): OpenPgBoss {
  const { broker, start, stop } = idlePgBoss(options, onError)
  let starting: Promise<void> | undefined
  let isStarted = false
  let isClosed = false
  const started = (): Promise<void> => {
    if (isClosed) return Promise.reject(new RedriveError('BROKER_CLOSED', 'the pg-boss broker was closed'))
    starting ??= start().then(
      () => {
        isStarted = true
      },
      (error: unknown) => {
        starting = undefined
        throw new RedriveError('BROKER_UNREACHABLE', `pg-boss does not start: ${reasonOf(error)}`, { cause: error })
      },
    )
    return starting
  }
  return {
    broker: onceStarted(broker, started),
    async close() {
      isClosed = true
      await broker.close()
      if (isStarted) await stop()
      // One that is still connecting gives up by itself, and nobody waits for it.
      else starting?.then(stop).catch(() => undefined)
    },
  }
}

function idlePgBoss(
  options: PgBossOptions,
  onError: (error: Error) => void,
): { readonly broker: Broker; start(): Promise<void>; stop(): Promise<void> } {
  const boss = new PgBoss(options)
  boss.on('error', onError)
  const stop = (): Promise<void> => boss.stop({ graceful: false, close: true })
  const broker = pgBossBroker({ boss, ...(options.schema === undefined ? {} : { schema: options.schema }) })
  return {
    broker,
    async start() {
      try {
        await boss.start()
      } catch (error) {
        // The timers it has begun would keep a process alive that serves nobody.
        await stop().catch(() => undefined)
        throw error
      }
    },
    stop,
  }
}

function onceStarted(broker: Broker, started: () => Promise<void>): Broker {
  const { sendWithin, expiry, ends, findReplays } = broker
  const first =
    <A extends unknown[], R>(verb: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await started()
      return verb.apply(broker, args)
    }
  return {
    system: broker.system,
    capabilities: broker.capabilities,
    prepare: first(broker.prepare),
    receive: first(broker.receive),
    async send(place, messages) {
      try {
        await started()
      } catch (error) {
        return messages.map(() => ({ kind: 'not-sent', reason: reasonOf(error), retryable: true }) as const)
      }
      return broker.send(place, messages)
    },
    depth: first(broker.depth),
    describe: first(broker.describe),
    ...(sendWithin === undefined ? {} : { sendWithin: first(sendWithin) }),
    ...(expiry === undefined ? {} : { expiry: first(expiry) }),
    ...(ends === undefined ? {} : { ends: first(ends) }),
    ...(findReplays === undefined ? {} : { findReplays: first(findReplays) }),
    close: () => broker.close(),
  }
}
