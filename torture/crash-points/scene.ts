import path from 'node:path'
import type { Broker, Receipt } from '@redrive/worker'
import { type ArchivePlace, openArchivePlace } from '../../packages/server/src/archive/index.ts'
import { startCapture } from '../../packages/server/src/capture/index.ts'
import { applyReceipts, applyReturns } from '../../packages/server/src/replay/index.ts'
import { openStore, type Store } from '../../packages/server/src/store/store.ts'
import { within } from '../until.ts'
import type { Boundaries } from './boundaries.ts'
import { type BrokerKind, type Fate, type FileBroker, fileBroker } from './file-broker.ts'
import { withinBroker } from './within-broker.ts'

/** A database and a broker in files. */
export interface Scene {
  readonly store: Store
  readonly broker: FileBroker
  readonly brokers: ReadonlyMap<string, Broker>
  /** Names of those that send within transactions of the office. */
  readonly within: ReadonlySet<string>
  /** Where letters are archived. */
  readonly place: ArchivePlace
  close(): Promise<void>
}

/** Plain JSON: what another process needs to open the scene. */
export interface Setting {
  readonly url: string
  readonly folder: string
  readonly kind: BrokerKind
  readonly looksBack: boolean
  /** Its places are a table of the office's database. */
  readonly isWithin: boolean
  readonly fates: Readonly<Record<string, Fate>>
}

export const brokerName = 'files'
export const lane = 'orders-retries-reefer'
export const deadLetters = 'orders-dead-letter'
export const receipts = 'redrive-receipts'

export async function openScene(setting: Setting, boundaries?: Boundaries): Promise<Scene> {
  const store = await openStore({ url: setting.url, allowUnsafe: true, maxConnections: 6 })
  const files = fileBroker({
    ...setting,
    folder: path.join(setting.folder, 'broker'),
    ...(boundaries === undefined ? {} : { boundaries }),
  })
  const broker = setting.isWithin ? withinBroker(files) : files
  const within = new Set(setting.isWithin ? [brokerName] : [])
  const place = watched(openArchivePlace({ folder: path.join(setting.folder, 'archive') }), boundaries)
  return { store, broker, brokers: new Map([[brokerName, broker]]), within, place, close: () => store.close() }
}

/** A place like it, whose writes are boundaries too. Its name is the same in every copy of a scene. */
function watched(place: ArchivePlace, boundaries: Boundaries | undefined): ArchivePlace {
  const crossing = async (what: string, work: () => Promise<void>): Promise<void> => {
    boundaries?.cross('before', what)
    await work()
    boundaries?.cross('after', what)
  }
  const kind = (name: string): string => name.slice(name.indexOf('.'))
  return {
    ...place,
    description: 'the archive',
    put: (name, bytes) => crossing(`put *${kind(name)}`, () => place.put(name, bytes)),
    remove: (name) => crossing(`remove *${kind(name)}`, () => place.remove(name)),
  }
}

/** As the office does it, until nothing is left to acknowledge. */
export async function captureAll({ store, broker }: Scene, place: typeof deadLetters | typeof receipts): Promise<void> {
  const troubles: string[] = []
  const capture = startCapture({
    store,
    broker,
    brokerName,
    source: { place, role: place === receipts ? 'receipts' : 'dead-letter' },
    consumer: 'redrive-office',
    onReceipts: applyReceipts,
    onReturned: applyReturns,
    onEvent: (event) => {
      if (event.kind === 'trouble') troubles.push(event.message)
    },
  })
  const isDone = (): boolean => broker.held(place).every(({ state }) => state === 'acked')
  try {
    await within(isDone, () => `${place} was not captured: ${troubles.join('; ')}`)
  } finally {
    await capture.stop()
  }
}

export function receiptOf(replayId: string, result: Receipt['result']): Buffer {
  const worker = { service: 'reefer', release: null, host: null }
  return Buffer.from(JSON.stringify({ replayId, letterId: 'x', result, attempts: 1, atMs: Date.now(), worker }))
}
