import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startCapture } from '../../packages/server/src/capture/index.ts'
import { openDemoBroker } from '../../packages/server/src/demo/demo-broker.ts'
import { checkLedger } from '../../packages/server/src/ledger/index.ts'
import {
  applyReturns,
  createPlan,
  noControl,
  showRun,
  startReplayer,
  startRun,
} from '../../packages/server/src/replay/index.ts'
import { startEmbeddedPostgres } from '../../packages/server/src/store/embedded/index.ts'
import { openStore, type Store } from '../../packages/server/src/store/store.ts'
import type { Carrier, CarrierName, CarrierParts } from './carrier.ts'
import { differenceOf, type Found, told } from './compare.ts'
import { idOf } from './envelope.ts'
import { envelopeOf } from './generate.ts'
import { kafkaCarrier } from './kafka.ts'
import { pgBossCarrier } from './pg-boss.ts'
import { rabbitmqCarrier } from './rabbitmq.ts'

export interface FidelityResult {
  readonly fidelity: CarrierName
  readonly envelopes: number
  readonly identical: number
  readonly different: number
  readonly missing: number
  readonly extra: number
  readonly unaccounted: number
  readonly seconds: number
  readonly peakRssMiB: number
  readonly seed: number
}

export interface FidelityOptions {
  readonly carrier: CarrierName
  readonly envelopes: number
  readonly seed: number
  readonly say: (line: string) => void
}

const makers: Readonly<Record<CarrierName, (parts: CarrierParts) => Promise<Carrier>>> = {
  kafka: kafkaCarrier,
  rabbitmq: rabbitmqCarrier,
  'pg-boss': pgBossCarrier,
}
const dead = 'fidelity-dead-letter'
const target = 'fidelity-again'
const batch = 1_000
const maxTold = 10

/** Generated envelopes become dead letters on a real broker, are captured, replayed to another place, and read there by a client that is not ours. */
export async function fidelity(options: FidelityOptions): Promise<FidelityResult> {
  const { envelopes, seed, say } = options
  const startedMs = performance.now()
  const folder = await mkdtemp(path.join(tmpdir(), 'redrive-fidelity-'))
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })]
  try {
    const database = await startEmbeddedPostgres({ dataDir: path.join(folder, 'data'), durable: false })
    closers.push(() => database.stop())
    const places = [dead, target]
    const carrier = await makers[options.carrier]({ places, databaseUrl: database.url, say })
    closers.push(() => carrier.stop())
    const store = await openStore({ url: database.url, allowUnsafe: true })
    closers.push(() => store.close())
    await produce(carrier, options)
    say(`${envelopes} envelopes lie in ${dead}`)
    await throughOffice(store, carrier, options)
    const counts = await readBack(carrier, options)
    const { unaccounted } = await checkLedger(store)
    return {
      fidelity: options.carrier,
      envelopes,
      ...counts,
      unaccounted,
      seconds: Math.round((performance.now() - startedMs) / 1_000),
      peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1_024),
      seed,
    }
  } finally {
    for (const close of closers.toReversed()) await close().catch((error: unknown) => say(String(error)))
  }
}

export function isFaithful({ envelopes, identical, different, missing, extra, unaccounted }: FidelityResult): boolean {
  return identical === envelopes && different + missing + extra + unaccounted === 0
}

async function produce(carrier: Carrier, { envelopes, seed, say }: FidelityOptions): Promise<void> {
  const kinds = new Map<string, number>()
  for (let from = 0; from < envelopes; from += batch) {
    const made = Array.from({ length: Math.min(batch, envelopes - from) }, (_, n) =>
      envelopeOf(carrier.carries, { seed, id: from + n }),
    )
    for (const { kind } of made) kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
    await carrier.produce(dead, made)
  }
  for (const [kind, count] of [...kinds].toSorted((a, b) => b[1] - a[1])) say(`${count} ${kind}`)
}

async function throughOffice(store: Store, carrier: Carrier, options: FidelityOptions): Promise<void> {
  const { broker, close } = await openDemoBroker(carrier.queue, 'office')
  const brokers = new Map([['main', broker]])
  const capture = startCapture({
    store,
    broker,
    brokerName: 'main',
    source: { place: dead, role: 'dead-letter' },
    consumer: 'redrive-office',
    onReceipts: async () => undefined,
    onReturned: applyReturns,
    onEvent: (event) => {
      if (event.kind === 'trouble' || event.kind === 'hostile') options.say(JSON.stringify(event))
    },
  })
  const replayer = startReplayer({ store, brokers, pollMs: 100, onEvent: ({ kind }) => options.say(`replay: ${kind}`) })
  try {
    await progress(options, 'captured', async () => {
      const { rows } = await store.pool.query<{ count: number }>('select count(*)::int as count from letter')
      return rows[0]?.count ?? 0
    })
    const plan = await createPlan(store, brokers, {
      selection: { query: 'state:open' },
      destination: { broker: 'main', place: target },
      control: { ...noControl, pace: 100_000 },
      limits: { beyondCap: true },
      by: 'fidelity',
      reason: null,
      nowMs: Date.now(),
    })
    const run = await startRun(store, { plan, by: 'fidelity', expect: options.envelopes })
    replayer.wake()
    await progress(options, 'looked at', async () => {
      const { state, sends, stopped } = await showRun(store, run)
      if (stopped !== null) throw new Error(`the run stopped: ${stopped.why}`)
      if (state === 'done' && sends.sent < options.envelopes)
        throw new Error(`not all were sent: ${JSON.stringify(sends)}`)
      return state === 'done' ? sends.sent : Math.min(sends.sent, options.envelopes - 1)
    })
  } finally {
    await replayer.stop()
    await capture.stop()
    await close()
  }
}

/** Until it is all; gives up when nothing has moved for a minute. */
async function progress({ envelopes, say }: FidelityOptions, what: string, ask: () => Promise<number>): Promise<void> {
  let [count, movedAtMs] = [-1, performance.now()]
  for (let told = 0; count < envelopes; ) {
    await sleep(250)
    const now = await ask()
    if (now !== count) movedAtMs = performance.now()
    count = now
    if (performance.now() - movedAtMs > 60_000)
      throw new Error(`${count} of ${envelopes} ${what}, and no more for 60 s`)
    if (count - told < 25_000 && count < envelopes) continue
    told = count
    say(`${count} of ${envelopes} ${what}`)
  }
}

async function readBack(
  carrier: Carrier,
  { envelopes, seed, say }: FidelityOptions,
): Promise<Pick<FidelityResult, 'identical' | 'different' | 'missing' | 'extra'>> {
  const seen = new Uint8Array(envelopes)
  const counts = { identical: 0, different: 0, extra: 0 }
  const look = (found: Found): void => {
    const id = idOf(found)
    if (id === null || id >= envelopes || seen[id] === 1) {
      counts.extra += 1
      if (counts.extra <= maxTold) say(`extra: ${id === null ? 'a message without a number' : `envelope ${id}`}`)
      return
    }
    seen[id] = 1
    const envelope = envelopeOf(carrier.carries, { seed, id })
    const difference = differenceOf(envelope, found, { ordered: carrier.carries.headerLists })
    if (difference === null) counts.identical += 1
    else if ((counts.different += 1) <= maxTold) say(told(envelope, difference))
  }
  for await (const messages of carrier.read(target, envelopes)) messages.forEach(look)
  const missing = seen.reduce((sum, one) => sum + (one === 0 ? 1 : 0), 0)
  for (let id = 0, told = 0; id < envelopes && told < maxTold; id += 1) {
    if (seen[id] === 1) continue
    told += 1
    say(`missing: envelope ${id} (${envelopeOf(carrier.carries, { seed, id }).kind})`)
  }
  return { ...counts, missing }
}
