import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type Broker,
  createWorker,
  encodeWire,
  type Header,
  type Message,
  systemClock,
  type Tier,
  type Wire,
  type Worker,
  type WorkerOptions,
} from '@redrive/worker'
import { type MemoryBroker, type MemoryStore, memoryBroker, memoryStore } from '@redrive/worker/memory'
import { createToken } from '../src/access/index.ts'
import type { ArchivePlace } from '../src/archive/index.ts'
import { watchBooks } from '../src/books.ts'
import { type Capture, startCapture } from '../src/capture/index.ts'
import { defaultMasking, defaultRetention, noCap, type RedactionConfig } from '../src/config/index.ts'
import { watchErasures } from '../src/erasure/index.ts'
import type { OfficeServices } from '../src/http/route.ts'
import { type HttpServer, startHttp } from '../src/http/server.ts'
import { checkLedger } from '../src/ledger/index.ts'
import {
  applyReceipts,
  applyReturns,
  type Control,
  createPlan,
  noControl,
  type PlanRequest,
  type PlanView,
  type Replayer,
  type ReplayerOptions,
  type RunView,
  showPlan,
  showRun,
  startReplayer,
  startRun,
} from '../src/replay/index.ts'
import { watchRetention } from '../src/retention/index.ts'
import { openStore, type Store } from '../src/store/store.ts'
import { officeDatabase } from '../src/testing/database.ts'

export type PlanOptions = Partial<Omit<PlanRequest, 'control'>> & { readonly control?: Partial<Control> }

/** An office in parts, on a fresh database and a broker in memory, with what journeys ask of it. Ends with its test. */
export interface OfficeBed {
  readonly store: Store
  /** Of its database. */
  readonly url: string
  readonly memory: MemoryStore
  /** The connection named `memory` of the office. */
  readonly broker: MemoryBroker
  /** The connections of the office by name; a test may add others. */
  readonly brokers: Map<string, Broker>
  /** Ends with the bed, before what it needs. */
  ending(close: () => Promise<unknown>): void
  /** Sends dead letters as our worker writes them, and waits until they are captured. @returns their UUIDs, in this order */
  captured(...letters: readonly DeadLetter[]): Promise<string[]>
  plan(selection: PlanRequest['selection'], options?: PlanOptions): Promise<PlanView>
  run(plan: PlanView, options?: { readonly expect?: number }): Promise<RunView>
  /** Plans and runs, and waits until every letter was looked at. */
  replayed(selection: PlanRequest['selection'], options?: PlanOptions): Promise<RunView>
  runOf(id: string): Promise<RunView>
  replayer(options?: Partial<ReplayerOptions>): Replayer
  /** A started worker of the queue `orders` and the consumer `reefer`, with its own connection. */
  worker(options: Pick<WorkerOptions, 'handle'> & Partial<WorkerOptions>): Promise<Worker>
  produce(...messages: readonly Message[]): Promise<void>
  /** What lies in a place. */
  messages(place: string): readonly Message[]
  states(): Promise<Record<string, number>>
  balanced(): Promise<void>
  http(options?: HttpOptions): Promise<{ readonly server: HttpServer; readonly token: string }>
}

/** What a test gives the API of its own. */
export type HttpOptions = Partial<
  Pick<OfficeServices, 'clock' | 'captures' | 'disk' | 'alerts' | 'expiry' | 'masking' | 'automatic' | 'reviewedBy'>
> & {
  /** Where letters are archived. */
  readonly place?: ArchivePlace | null
}

export interface DeadLetter {
  readonly body?: string | Uint8Array
  readonly key?: string | Uint8Array | null
  readonly headers?: readonly Header[]
  readonly error?: string
  readonly errorClass?: string
  readonly tier?: Tier
  readonly queue?: string
  readonly consumer?: string
  readonly release?: string
  readonly host?: string
  readonly attempts?: number
  /** Letters of one id are one letter that died again. */
  readonly id?: string
  readonly stack?: string | null
}

export const lane = 'orders-retries-reefer'

/** @param options.database another than a fresh one of the test server */
export async function officeBed(
  t: TestContext,
  options: {
    readonly database?: { readonly url: string; drop(): Promise<void> }
    /** What is never kept. */
    readonly redaction?: RedactionConfig
  } = {},
): Promise<OfficeBed> {
  const database = options.database ?? (await officeDatabase())
  const store = await openStore({ url: database.url, allowUnsafe: true, maxConnections: 20 })
  const memory = memoryStore()
  const broker = memoryBroker({ store: memory })
  await broker.prepare(
    [
      { place: 'orders', role: 'source' },
      { place: 'orders-dead-letter', role: 'dead-letter' },
      { place: 'redrive-receipts', role: 'receipts' },
      { place: lane, role: 'lane' },
    ].map((spec) => spec as never),
  )
  const closers: (() => Promise<unknown>)[] = [() => database.drop(), () => store.close()]
  t.after(async () => {
    for (const close of closers.toReversed()) await close()
  })
  const captures = startCaptures(store, 'memory', () => memoryBroker({ store: memory }), options.redaction)
  closers.push(() => Promise.all(captures.map((capture) => capture.stop())))
  let sent = 0
  const brokers = new Map<string, Broker>([['memory', broker]])

  const bed: OfficeBed = {
    store,
    url: database.url,
    memory,
    broker,
    brokers,
    ending: (close) => void closers.push(close),
    async captured(...letters) {
      const marks = letters.map(() => `mark-${(sent += 1)}`)
      const messages = letters.map((letter, index) => deadMessage(letter, marks[index] ?? ''))
      for (const result of await broker.send(
        'orders-dead-letter',
        messages.map((message) => ({ message })),
      ))
        assert.equal(result.kind, 'sent')
      return until('captured', async () => {
        const { rows } = await store.pool.query<{ id: string; host: string }>(
          'select id, service as host from letter_content where service = any($1)',
          [marks],
        )
        if (rows.length < letters.length) return undefined
        return marks.map((mark) => rows.find(({ host }) => host === mark)?.id ?? '')
      })
    },
    async plan(selection, options = {}) {
      const id = await createPlan(store, brokers, {
        selection,
        destination: 'lane',
        by: 'test',
        reason: null,
        nowMs: Date.now(),
        ...options,
        control: { ...noControl, pace: 10_000, ...options.control },
        // Journeys replay what came back at once.
        limits: { beyondCap: true, ...options.limits },
      })
      return showPlan(store, id)
    },
    async run(plan, options = {}) {
      return showRun(store, await startRun(store, { plan: uuidOf(plan.id), by: 'test', ...options }))
    },
    async replayed(selection, options) {
      const { id } = await bed.run(await bed.plan(selection, options))
      return until(`${id} is done`, async () => {
        const run = await bed.runOf(id)
        return run.state === 'running' ? undefined : run
      })
    },
    runOf: (id) => showRun(store, uuidOf(id)),
    replayer(options = {}) {
      const replayer = startReplayer({
        store,
        brokers,
        pollMs: 50,
        ...options,
      })
      closers.push(() => replayer.stop())
      return replayer
    },
    async worker(options) {
      const worker = createWorker({
        broker: memoryBroker({ store: memory }),
        queue: 'orders',
        consumer: 'reefer',
        ...options,
      })
      await worker.start()
      closers.push(() => worker.stop())
      return worker
    },
    async produce(...messages) {
      await broker.send(
        'orders',
        messages.map((message) => ({ message })),
      )
    },
    messages: (place) => [...(memory.places.get(place)?.held.values() ?? [])].map(({ message }) => message),
    async states() {
      const { rows } = await store.pool.query<{ state: string; letters: number }>(
        'select state::text, count(*)::int as letters from letter group by 1 order by 1',
      )
      return Object.fromEntries(rows.map(({ state, letters }) => [state, letters]))
    },
    async balanced() {
      const { unaccounted, captured } = await checkLedger(store)
      assert.equal(unaccounted, 0)
      assert.ok(captured > 0)
    },
    async http({
      clock = systemClock,
      captures: views = () => [],
      disk,
      expiry,
      alerts,
      place = null,
      masking = defaultMasking,
      automatic = {},
      reviewedBy = {},
    } = {}) {
      const books = watchBooks(store, () => undefined)
      const retention = watchRetention(store, { retention: defaultRetention, place, tell: () => undefined })
      const erasures = watchErasures(store, { place, ownsServer: false, tell: () => undefined })
      const server = await startHttp(
        {
          version: '0.0.0-test',
          startedAt: new Date(),
          store,
          brokers,
          clock,
          books,
          captures: views,
          ...(disk === undefined ? {} : { disk }),
          ...(expiry === undefined ? {} : { expiry }),
          retention: {
            policy: defaultRetention,
            most: noCap,
            place,
            run: (said) => retention.run(said),
            restore: (request) => retention.restore(request),
          },
          automatic,
          erasures,
          masking,
          reviewedBy,
          wakeReplayer: () => undefined,
          alerts: alerts ?? {
            config: { limits: [], routes: [{ notify: ['team'] }] },
            officeUrl: 'https://office.example',
            notifiers: ['log', 'team'],
            wakeDelivery: () => undefined,
          },
        },
        { host: '127.0.0.1', port: 0 },
      )
      closers.push(async () => {
        await server.close()
        await retention.stop()
        await erasures.stop()
        await books.stop()
      })
      return { server, token: await createToken(store, `test-${(sent += 1)}`, { by: 'test' }) }
    },
  }
  return bed
}

/** Captures dead letters and receipts as an office does. */
export function startCaptures(
  store: Store,
  brokerName: string,
  broker: () => Broker,
  redaction: RedactionConfig = { rules: [] },
): readonly Capture[] {
  return (['orders-dead-letter', 'redrive-receipts'] as const).map((place) =>
    startCapture({
      store,
      broker: broker(),
      brokerName,
      source: { place, role: place === 'redrive-receipts' ? 'receipts' : 'dead-letter' },
      consumer: 'redrive-office',
      redaction,
      onReceipts: applyReceipts,
      onReturned: applyReturns,
    }),
  )
}

/** A worker's word that it handled a replay. */
export function receipt(replayId: string) {
  return {
    replayId,
    letterId: 'x',
    result: 'handled' as const,
    attempts: 1,
    atMs: Date.now(),
    worker: { service: 'reefer', release: null, host: null },
  }
}

/** The first answer that is not `undefined`, asked for again and again for at most 20 s. */
export async function until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const endMs = Date.now() + 20_000
  // Less often the longer it takes: most answers cost the database as much work as what is waited for.
  for (let waitMs = 5; ; waitMs = Math.min(waitMs * 1.2, 40)) {
    const answer = await ask()
    if (answer !== undefined) return answer
    assert.ok(Date.now() < endMs, `not within 20 s: ${what}`)
    await delay(waitMs)
  }
}

export function wireOf(letter: DeadLetter, mark: string): Wire {
  const { queue = 'orders', consumer = 'reefer', errorClass = 'Error', error = 'no answer' } = letter
  return {
    id: letter.id ?? mark,
    origin: {
      system: 'memory',
      place: queue,
      consumer,
      partition: '0',
      position: null,
      nativeId: null,
      timestampMs: null,
    },
    attempts: letter.attempts ?? 5,
    maxAttempts: 5,
    firstFailedAtMs: Date.now() - 1_000,
    lastFailedAtMs: Date.now(),
    failure: { errorClass, rootClass: errorClass, message: error },
    tier: letter.tier ?? 'transient',
    reason: 'attempts',
    // Told apart by their service.
    worker: { service: mark, release: letter.release ?? '1.0.0', host: letter.host ?? 'web-1' },
    traceparent: null,
    hops: 1,
    crashes: 0,
    replayId: null,
    dueAtMs: null,
    history: [],
    line: null,
    notice: null,
  } as Wire
}

export function deadMessage(letter: DeadLetter, mark: string): Message {
  const { body = `body of ${mark}`, key = null, headers = [], stack = null } = letter
  const wire = encodeWire(wireOf(letter, mark), stack, { headerBytes: 4_096, stackBytes: 32_768 })
  return { key: bytesOf(key), body: bytesOf(body), headers: [...headers, ...wire] }
}

function bytesOf(value: string | Uint8Array | null): Uint8Array | null {
  return typeof value === 'string' ? Buffer.from(value) : value
}

/** The UUID behind an id that people see. */
export function uuidOf(id: string): string {
  const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
  let number = 0n
  for (const character of id.slice(2)) number = (number << 5n) | BigInt(alphabet.indexOf(character))
  const hex = number.toString(16).padStart(32, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
