import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeTrafficReport, type Message as Letter, systemClock, type Tier, tiers } from '@redrive/worker'
import { memoryBroker, memoryStore } from '@redrive/worker/memory'
import { acknowledgeAlert } from '../../packages/server/src/alerts/index.ts'
import { startCapture } from '../../packages/server/src/capture/index.ts'
import {
  acknowledgeCause,
  assignCause,
  fixCause,
  lookAtCause,
  reopenCause,
  snoozeCause,
} from '../../packages/server/src/causes/index.ts'
import type { SourceExpiry } from '../../packages/server/src/expiry/index.ts'
import type { CaptureView } from '../../packages/server/src/http/route.ts'
import { discardLetters } from '../../packages/server/src/letters/index.ts'
import { documentQueue } from '../../packages/server/src/queues/index.ts'
import {
  applyReceipts,
  applyReturns,
  createPlan,
  noControl,
  startReplayer,
  startRun,
} from '../../packages/server/src/replay/index.ts'
import { showAlertId, showCauseId, showLetterId } from '../../packages/server/src/store/ids.ts'
import type { Store } from '../../packages/server/src/store/store.ts'
import { type AlertTrace, durationMs, type TraceEvent } from './alert-trace.ts'
import { consumer, deadLetter } from './dead-letter.ts'

const places = { dead: 'orders-dead-letter', receipts: 'redrive-receipts' } as const
const deadlineMs = 20_000

export interface TraceOffice {
  /** Does what happened, with the code of an office, and waits until it is done. */
  happen(event: TraceEvent): Promise<void>
  /** As the doctor sees them. */
  captures(): readonly CaptureView[]
  expiry(): Promise<readonly SourceExpiry[]>
  stop(): Promise<void>
}

/** What captures letters and does what people ask for, in the time of a trace. */
export async function openTraceOffice(
  store: Store,
  { config, keepMs, now }: Pick<AlertTrace, 'config' | 'keepMs'> & { readonly now: () => number },
): Promise<TraceOffice> {
  const memory = memoryStore()
  const clock = { ...systemClock, now }
  const broker = memoryBroker({ store: memory, clock, keepMs })
  const brokers = new Map([['memory', broker]])
  await broker.prepare([
    { place: places.dead, role: 'dead-letter' },
    { place: places.receipts, role: 'receipts' },
  ])
  let isFull = false
  const disk = {
    shortage: async () => (isFull ? 1 : null),
    space: async () => ({ freeBytes: isFull ? 1 : 2, minFreeBytes: 1 }),
  }
  const captures = ([places.dead, places.receipts] as const).map((place) =>
    startCapture({
      store,
      broker: memoryBroker({ store: memory, clock }),
      brokerName: 'memory',
      source: { place, role: place === places.receipts ? 'receipts' : 'dead-letter' },
      consumer: 'redrive-office',
      clock,
      disk,
      onReceipts: applyReceipts,
      onReturned: applyReturns,
    }),
  )
  let sent = 0
  let reported = 0

  const send = async (place: string, letters: readonly Letter[]): Promise<void> => {
    const results = await broker.send(
      place,
      letters.map((message) => ({ message })),
    )
    if (results.some(({ kind }) => kind !== 'sent')) throw new Error(`${place} did not take a message`)
  }
  const cause = async (error = ''): Promise<string> => {
    const { rows } = await store.pool.query<{ id: string }>('select id from cause where error_class = $1', [error])
    if (rows.length !== 1 || rows[0] === undefined) throw new Error(`${rows.length} causes are of ${error}`)
    return showCauseId(rows[0].id)
  }
  const count = async (sql: string, values: readonly unknown[] = []): Promise<number> =>
    Number((await store.pool.query<{ count: string }>(sql, [...values])).rows[0]?.count)

  const allCaptured = (): Promise<void> =>
    until('all is captured', async () => (await count('select count(*) from letter')) === sent)

  const acts: Readonly<Record<string, (names: readonly string[], options: TraceEvent['options']) => Promise<unknown>>> =
    {
      // Nothing: a time at which, by the rules, something begins to hold or does not any more.
      tick: async () => undefined,
      async die([queue = '', error = ''], { n = '1', ...options }) {
        const letters = Array.from({ length: Number(n) }, () =>
          deadLetter({
            queue,
            error,
            number: (sent += 1),
            diedMs: now() - (options['late'] === undefined ? 0 : durationMs(options['late'])),
            ...(options['release'] === undefined ? {} : { release: options['release'] }),
            ...tierOf(options['tier']),
          }),
        )
        await send(places.dead, letters)
        if (!isFull) await allCaptured()
      },
      async pause() {
        isFull = true
        await until('nothing is taken in', async () => captures.every((capture) => capture.health().state === 'paused'))
      },
      async resume() {
        isFull = false
        await allCaptured()
        await until('all is read', async () => captures.every((capture) => capture.health().state === 'running'))
      },
      async report([queue = ''], { handled = '0', died = '0', tier = 'transient' }) {
        reported += 1
        await send(places.receipts, [trafficReport({ queue, tier, handled, died, nowMs: now() })])
        const counted = 'select count(*) from traffic_report'
        await until('the report is counted', async () => (await count(counted)) === reported)
      },
      document: ([queue = ''], fields) => documentQueue(store, { queue, fields, by: 'ops', reason: null }),
      look: async ([error, by = '']) => lookAtCause(store, { cause: await cause(error), by }),
      ack: async ([error, by = '']) => acknowledgeCause(store, { cause: await cause(error), by }),
      assign: async ([error, by = '', to = by]) => assignCause(store, { cause: await cause(error), by, to }),
      fix: async ([error, by = ''], { release = null }) => fixCause(store, { cause: await cause(error), by, release }),
      reopen: async ([error, by = '']) => reopenCause(store, { cause: await cause(error), by }),
      snooze: async ([error, by = ''], { letters, lasting, release = null }) =>
        snoozeCause(store, {
          cause: await cause(error),
          by,
          reason: 'it can wait',
          letters: letters === undefined ? null : Number(letters),
          forSeconds: lasting === undefined ? null : durationMs(lasting) / 1_000,
          release,
        }),
      async take(names) {
        const [subject, by = ''] = [names.slice(0, -1).join(' '), names.at(-1)]
        const { rows } = await store.pool.query<{ id: string }>(
          `select a.id from alert a left join cause c on c.id = a.cause_id where $1 in (a.subject, c.error_class) and a.state = 'raised'`,
          [subject],
        )
        await acknowledgeAlert(store, { alert: showAlertId(rows[0]?.id ?? ''), by }, { config, officeUrl: null })
      },
      async discard([error, by = ''], { n = '10000' }) {
        const { rows } = await store.pool.query<{ id: string }>(
          `select l.id from letter l join cause c on c.id = l.cause_id where c.error_class = $1 and l.state = 'open' order by l.id limit $2`,
          [error, Number(n)],
        )
        const selection = { letters: rows.map(({ id }) => showLetterId(id)) }
        await discardLetters(store, { selection, by, reason: 'nobody needs it', nowMs: now() })
      },
      async replay([error, by = '']) {
        const selection = { query: `cause:${await cause(error)} state:open` }
        const queue = await store.pool.query<{ place: string }>(
          'select q.place from cause c join queue q on q.id = c.queue_id where c.error_class = $1',
          [error],
        )
        await broker.prepare([{ place: `${queue.rows[0]?.place}-retries-${consumer}`, role: 'lane' }])
        const plan = await createPlan(store, brokers, {
          selection,
          destination: 'lane',
          control: { ...noControl, pace: 10_000 },
          limits: { beyondCap: true },
          by,
          reason: null,
          nowMs: now(),
        })
        await startRun(store, { plan, by })
        const replayer = startReplayer({ store, brokers, clock, pollMs: 5 })
        await until('all is sent', async () => (await count(`select count(*) from run where state = 'running'`)) === 0)
        await replayer.stop()
      },
      async handled([error]) {
        const sql = `from attempt a join letter l on l.id = a.letter_id join cause c on c.id = l.cause_id where c.error_class = $1`
        const { rows } = await store.pool.query<{ id: string }>(`select a.id ${sql}`, [error])
        await send(
          places.receipts,
          rows.map(({ id }) => receipt(id, now())),
        )
        const confirmed = `select count(*) ${sql} and a.outcome = 'confirmed'`
        await until('all is handled', async () => (await count(confirmed, [error])) === rows.length)
      },
    }
  return {
    async happen({ word, names, options }) {
      const act = acts[word]
      if (act === undefined) throw new Error(`nothing is called ${word}`)
      await act(names, options)
    },
    captures: () =>
      captures.map((capture, at) => {
        const { place, state, problem, letters, receipts } = capture.health()
        const role = at === 0 ? 'dead-letter' : 'receipts'
        return { broker: 'memory', place, role, state, reason: problem, letters, receipts }
      }),
    async expiry() {
      const expiry = (await broker.expiry?.(places.dead, { consumer: 'redrive-office' })) ?? null
      return [{ broker: 'memory', place: places.dead, askedAtMs: now(), expiry, why: null, emptyAtMs: null }]
    },
    async stop() {
      await Promise.all(captures.map((capture) => capture.stop()))
    },
  }
}

function tierOf(name: string | undefined): { readonly tier: Tier } | undefined {
  const tier = tiers.find((each) => each === name)
  return tier === undefined ? undefined : { tier }
}

/** Of the minute that ends now. */
function trafficReport({
  queue,
  tier,
  handled,
  died,
  nowMs,
}: Readonly<Record<'queue' | 'tier' | 'handled' | 'died', string>> & { readonly nowMs: number }): Letter {
  const body = encodeTrafficReport({
    id: randomUUID(),
    ...{ queue, consumer, fromMs: nowMs - 60_000, toMs: nowMs },
    ...{ handled: Number(handled), retried: 0, discarded: 0, skipped: 0, died: { [tier]: Number(died) } },
    worker: { service: 'reefer', release: null, host: null },
    samples: [],
  })
  return { key: null, body: Buffer.from(body), headers: [] }
}

function receipt(replayId: string, atMs: number): Letter {
  const worker = { service: 'reefer', release: null, host: null }
  const body = { replayId, letterId: 'x', result: 'handled', attempts: 1, atMs, worker }
  return { key: null, body: Buffer.from(JSON.stringify(body)), headers: [] }
}

/** Captures run in real time while that of the trace stands still. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + deadlineMs; !(await isSo()); await sleep(2))
    if (performance.now() > endMs) throw new Error(`not within ${deadlineMs} ms: ${what}`)
}
