import { type Broker, type BrokerTrouble, type Clock, type Subscription, systemClock } from '@redrive/worker'
import { createCapKeeper } from '../caps/index.ts'
import { createCauseAssigner, createRuleKeeper } from '../causes/index.ts'
import { type CapPolicy, defaultRedaction, noCap, type RedactionConfig } from '../config/index.ts'
import { redactorsOf } from '../masking/index.ts'
import type { DiskWatch } from '../store/disk.ts'
import { showLetterId } from '../store/ids.ts'
import { ensurePartitions } from '../store/partitions.ts'
import { noteFed } from '../store/queue-kept.ts'
import { noteLoss } from '../store/source-losses.ts'
import { ensureSource, PositionMoved } from '../store/sources.ts'
import type { Store } from '../store/store.ts'
import { uuidSource } from '../store/uuid.ts'
import { aheadWithin, awaitRoom } from './await-room.ts'
import { type BatchLimits, defaultBatchLimits } from './batch.ts'
import type { CaptureHooks } from './commit-batch.ts'
import type { CaptureEvent, CaptureHealth } from './events.ts'
import type { FillContext } from './fill-batch.ts'
import { fingerprinter } from './fingerprinter.ts'
import { createPatience, Stopped, unlessStopped } from './patience.ts'
import { pauses } from './pauses.ts'
import { reportPlacer } from './place-report.ts'
import { createPositions } from './positions.ts'
import { createQueueRegistry } from './queue-registry.ts'
import { readAll } from './read-all.ts'
import { settler } from './settler.ts'
import { QueueFull } from './within-caps.ts'

/**
 * Capture: takes letters from one place and keeps them.
 *
 * next → read, recognise, group, encode → one transaction (letters, causes, books, positions) → acknowledge. While a batch commits the next
 * one is read; at most two are in memory, whatever waits at the source. Nothing is acknowledged before its commit, and whatever happens in
 * between (a database that is away, a commit whose answer is lost, a rebalance) ends with each letter there once. While a queue that the place feeds
 * has come to its cap, the place is not read.
 */
export interface Capture {
  /** Takes nothing more in, commits and acknowledges what is in hand. @param options.timeoutMs what is not committed by then is left to the source. @default 10,000 */
  stop(options?: { readonly timeoutMs?: number }): Promise<void>
  health(): CaptureHealth
}

export interface CaptureOptions extends CaptureHooks {
  readonly store: Store
  readonly broker: Broker
  /** Name of the broker connection; part of a letter's queue. */
  readonly brokerName: string
  readonly source: { readonly place: string; readonly role: 'dead-letter' | 'receipts' }
  /** Consumer group of the office. */
  readonly consumer: string
  /** Without one, space is not watched: the database is somewhere else. */
  readonly disk?: DiskWatch
  readonly limits?: BatchLimits
  /** How much a queue keeps that says nothing else. @default no cap */
  readonly most?: CapPolicy
  /** What is never kept. @default everything is kept */
  readonly redaction?: RedactionConfig
  /** @default the system's */
  readonly clock?: Clock
  readonly onEvent?: (event: CaptureEvent) => void
}

/** Capture runs until it is stopped; it gets over trouble by itself and tells about it. */
export function startCapture(options: CaptureOptions): Capture {
  const { store, broker, source, brokerName } = options
  const { place, role } = source
  const clock = options.clock ?? systemClock
  const limits = options.limits ?? defaultBatchLimits
  const abort = new AbortController()
  // While nothing is in hand, nobody has to be waited for.
  const connecting = new AbortController()
  const health = { letters: 0, duplicates: 0, receipts: 0, lastBatchAtMs: null as number | null }
  const tell = (event: CaptureEvent): void => {
    if (event.kind === 'captured') {
      health.letters += event.letters
      health.duplicates += event.duplicates
      health.receipts += event.receipts
      health.lastBatchAtMs = clock.now()
    }
    options.onEvent?.(event)
  }
  const paused = pauses(place, tell)
  const database = createPatience({ clock, signal: abort.signal, why: 'database', ...paused })
  const connection = createPatience({ clock, signal: connecting.signal, why: 'broker', ...paused })
  const causes = createCauseAssigner(store.pool)
  const rules = createRuleKeeper(store)
  const redactorOf = redactorsOf(options.redaction ?? defaultRedaction)
  const queues = createQueueRegistry(store.pool, { fallback: place })
  // Receipts say how replays end, and end letters: they never wait.
  const caps = role === 'receipts' ? null : createCapKeeper(store.pool, { most: options.most ?? noCap, clock })
  let fullQueues: readonly string[] = []
  let stopping = false
  let endReading: () => void = () => undefined
  let wake: () => void = () => undefined
  const idle = new Promise<void>((resolve) => {
    wake = resolve
  })

  async function run(): Promise<void> {
    const sourceId = await database.ask(() =>
      ensureSource(store.pool, { broker: brokerName, system: broker.system, place, role }),
    )
    await database.ask(() => ensurePartitions(store.pool, clock.now()))
    const positions = createPositions(store.pool, sourceId)
    const settling = settler({ store, sourceId, place, clock, onEvent: tell })
    let losses: Promise<unknown> = Promise.resolve()
    const onTrouble = ({ kind, message, skipped }: BrokerTrouble): void => {
      if (skipped !== undefined && skipped.to > skipped.from)
        losses = Promise.all([losses, database.ask(() => noteLoss(store.pool, sourceId, skipped))])
      // Whoever commits next hears of it; nobody may wait for one.
      losses.catch(() => undefined)
      if (kind === 'disconnected') {
        settling.disconnected()
        paused.onPaused('broker', message)
      } else if (kind === 'reconnected') paused.onResumed('broker')
      else tell({ kind: 'trouble', place, message })
    }
    const context: FillContext = {
      pool: store.pool,
      brokerName,
      system: broker.system,
      place,
      role,
      sourceId,
      queues,
      reports: reportPlacer({
        queues,
        keyOf: (queue) => ({ broker: brokerName, system: broker.system, place: queue }),
        patiently: database.ask,
        redactorOf: (queue) => redactorOf([...queue, place]),
      }),
      causes,
      rules,
      positions,
      fingerprint: fingerprinter(),
      nextId: uuidSource(clock.now),
      redactorOf,
      onWithheld: (letterId, why) =>
        tell({
          kind: 'trouble',
          place,
          message: `letter ${showLetterId(letterId)} could not be looked through for what is never kept; its content is withheld: ${why}`,
        }),
      patiently: database.ask,
    }
    const commit = {
      store,
      place,
      sourceId,
      positions,
      rules,
      caps,
      hooks: options,
      patience: database,
      onEvent: tell,
      takeSettled: settling.take,
      lossesNoted: () => losses,
    }
    const roomLeft = () =>
      caps === null
        ? Promise.resolve({ full: [], leftLetters: null, leftBytes: null })
        : awaitRoom({
            pool: store.pool,
            sourceId,
            caps,
            patience: database,
            paused,
            clock,
            idle,
            isStopping: () => stopping,
            onFull: (names) => {
              fullQueues = names
            },
          })
    const subscribe = async (maxInFlight: ReturnType<typeof aheadWithin>): Promise<Subscription> => {
      // Workers may not have written one yet.
      if (role === 'receipts') await broker.prepare([{ place, role }])
      return broker.receive(place, {
        consumer: options.consumer,
        maxInFlight,
        onTrouble,
        ...(broker.capabilities.positions ? { positions: positions.store } : {}),
      })
    }
    while (!stopping) {
      const ahead = aheadWithin(await roomLeft(), limits)
      if (stopping) break
      paused.expect('broker', 'not connected')
      const subscription = await connection.ask(() => unlessStopped(subscribe(ahead), connecting.signal))
      paused.onResumed('broker')
      const settled = Promise.withResolvers<void>()
      let closed: Promise<void> | undefined
      const close = (): Promise<void> => {
        closed ??= subscription
          .close(settled.promise)
          .catch((error: unknown) => tell({ kind: 'trouble', place, message: String(error) }))
        return closed
      }
      endReading = () => void close()
      if (stopping) endReading()
      try {
        await readAll({
          subscription,
          fill: context,
          commit,
          settling,
          limits,
          paused,
          clock,
          isStopping: () => stopping,
          ...(options.disk === undefined ? {} : { disk: options.disk }),
        })
      } catch (error) {
        if (error instanceof Stopped) throw error
        positions.reset()
        causes.forget()
        // What was in hand goes back to the source; it is asked again once there is room.
        if (error instanceof QueueFull) {
          await database.ask(() => noteFed(store.pool, sourceId, error.queueId))
          continue
        }
        const message =
          error instanceof PositionMoved ? `read on from the stored position: ${error.message}` : String(error)
        tell({ kind: 'trouble', place, message })
        if (!(error instanceof PositionMoved)) await Promise.race([clock.sleep(250, abort.signal), idle])
      } finally {
        void settling.idle().then(settled.resolve)
        await close()
      }
    }
    await settling.idle()
  }

  const partitions = setInterval(
    () =>
      void ensurePartitions(store.pool, clock.now()).catch((error: unknown) =>
        tell({ kind: 'trouble', place, message: String(error) }),
      ),
    dayMs,
  )
  partitions.unref()
  const running = run().catch((error: unknown) => {
    if (!(error instanceof Stopped)) tell({ kind: 'trouble', place, message: String(error) })
  })
  return {
    async stop({ timeoutMs = 10_000 } = {}) {
      stopping = true
      connecting.abort()
      wake()
      endReading()
      clearInterval(partitions)
      const timer = setTimeout(() => abort.abort(), timeoutMs)
      await running
      clearTimeout(timer)
    },
    health: () => ({
      place,
      state: stopping ? 'stopped' : paused.problem() === null ? 'running' : 'paused',
      problem: paused.problem(),
      waitsForRoomIn: paused.isOnly('full') ? fullQueues : [],
      ...health,
    }),
  }
}

const dayMs = 86_400_000
