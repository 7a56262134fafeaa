import { randomInt } from 'node:crypto'
import { lanesOf, systemClock } from '@redrive/worker'
import type { Config } from '../config/index.ts'
import { type Office, startOffice } from '../main.ts'
import { embeddedQueueUrl } from '../store/database.ts'
import { type DemoQueue, openDemoBroker } from './demo-broker.ts'
import { startInventory } from './inventory.ts'
import { type OfficeApi, officeApi } from './office-api.ts'
import { ordersOfTheDay } from './orders.ts'
import type { WorkerNews } from './worker-process.ts'
import { superviseWorker } from './worker-supervisor.ts'

export type DemoNews =
  | WorkerNews
  | { readonly kind: 'killed'; readonly how: string }
  | { readonly kind: 'office'; readonly line: string }

/** Everything the story needs, running: office, inventory, worker. */
export interface Scenario {
  readonly office: Office
  readonly api: OfficeApi
  /** Sends orders. @returns how many the broker confirmed */
  produce(count: number): Promise<number>
  /** Resolves when no order waits or is being handled any more. */
  settled(signal: AbortSignal): Promise<void>
  /** Repairs the inventory and deploys the release without the bugs. */
  fix(): Promise<void>
  stop(): Promise<void>
}

export type DemoTarget = Exclude<DemoQueue, { readonly type: 'pg-boss' }> | { readonly type: 'embedded' }

/** @throws DATA_FOLDER_IN_USE, BROKER_UNREACHABLE, … */
export async function startScenario(
  config: Config,
  options: { readonly target: DemoTarget; readonly onNews: (news: DemoNews) => void },
): Promise<Scenario> {
  const { target, onNews } = options
  const closers: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).toReversed()) await close()
  }
  try {
    const office = await startOffice(withBroker(config, target), {
      onEvent: (line) => onNews({ kind: 'office', line }),
    })
    closers.push(() => office.stop())
    const queue: DemoQueue =
      target.type === 'embedded' ? { type: 'pg-boss', url: await embeddedQueueUrl(office.database) } : target
    const inventory = await startInventory()
    closers.push(() => inventory.close())
    const producer = await openDemoBroker(queue, 'shop')
    closers.push(() => producer.close())
    await producer.broker.prepare([{ place: 'orders', role: 'source' }])
    const settings = { queue, inventoryUrl: inventory.url }
    let produced = 0
    let ended = 0
    let killedMs = 0
    const worker = await superviseWorker({ ...settings, release: '1.4.0' }, (news) => {
      if (news.kind === 'handled' || news.kind === 'died') ended += 1
      if (news.kind === 'killed') killedMs = systemClock.now()
      onNews(news)
    })
    closers.push(() => worker.stop())
    const lanes = lanesOf('orders', 'reefer', producer.broker.capabilities.nativeDelay !== false)
    const waiting = ['orders', ...lanes.retries.map(({ place }) => place), lanes.suspects]
    return {
      office,
      api: officeApi(office),
      async produce(count) {
        const orders = ordersOfTheDay(count, randomInt(1_000, 9_000) * 10)
        const encoded = orders.map(({ key, body }) => ({
          message: { key: Buffer.from(key), body: Buffer.from(body), headers: [] },
        }))
        const results = await producer.broker.send('orders', encoded)
        const sent = results.filter(({ kind }) => kind === 'sent').length
        produced += sent
        return sent
      },
      async settled(signal) {
        for (let quiet = 0; quiet < (ended >= produced ? quietChecks : patientChecks) && !signal.aborted; ) {
          await systemClock.sleep(checkMs, signal)
          const depths = await Promise.all(waiting.map((place) => producer.broker.depth(place, 'reefer')))
          const given = systemClock.now() - killedMs > givenBackMs
          quiet = given && depths.every(({ messages }) => messages === 0) ? quiet + 1 : 0
        }
      },
      async fix() {
        inventory.repair()
        await worker.deploy({ ...settings, release: '1.4.1' })
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

const checkMs = 250
/** Brokers count with a delay; one empty look is not enough. */
const quietChecks = 6
/** A broker gives back what a killed worker held within this time; until then it is in no count. */
const givenBackMs = 14_000
/** What a killed worker told before it died may be lost: after so many empty looks it is not waited for any longer. */
const patientChecks = 160

function withBroker(config: Config, target: DemoTarget): Config {
  const captured = { deadLetters: ['orders-dead-letter'], receipts: 'redrive-receipts', consumer: 'redrive-office' }
  const broker =
    target.type === 'embedded'
      ? ({ type: 'pg-boss', url: 'embedded', schema: 'pgboss', ...captured } as const)
      : ({ ...target, ...captured } as const)
  return { ...config, brokers: { [target.type]: broker } }
}
