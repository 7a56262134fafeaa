import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { type Broker, systemClock } from '@redrive/worker'
import { renewLocalToken } from './access/index.ts'
import { type Capture, type CaptureEvent, startCapture } from './capture/index.ts'
import type { BrokerConfig, Config } from './config/index.ts'
import { startHttp } from './http/server.ts'
import { checkLedger } from './ledger/index.ts'
import { documentQueues } from './queues/index.ts'
import { applyReceipts, applyReturns, startReplayer } from './replay/index.ts'
import type { Database } from './store/database.ts'
import { watchDisk } from './store/disk.ts'
import { openStore, type Store } from './store/store.ts'
import { version } from './version.ts'

export interface OpenBroker {
  readonly name: string
  readonly config: BrokerConfig
  readonly broker: Broker
  close(): Promise<void>
}

export interface Office {
  readonly url: string
  readonly token: string
  /** Where the embedded queue can be reached, by the name of its connection. */
  readonly database: Database
  stop(): Promise<void>
}

/** Puts the rooms together: store, capture of every place, replay, the books, the API. Takes over the database and the brokers. */
export async function openOffice(parts: {
  readonly config: Config
  readonly database: Database
  readonly brokers: readonly OpenBroker[]
  readonly tell: (line: string) => void
}): Promise<Office> {
  const { config, database, brokers, tell } = parts
  const store = await openStore({ url: database.url, onTrouble: tell })
  const byName = new Map(brokers.map(({ name, broker }) => [name, broker]))
  const replayer = startReplayer({
    store,
    brokers: byName,
    outcomeWindowSeconds: config.outcomeWindowMinutes * 60,
    onEvent: (event) => tell('message' in event ? `replay ${event.run}: ${event.message}` : `replay ${event.run}: ${event.kind.replace('run-', '')}`),
  })
  const captures = await openCaptures(store, parts)
  const books = watchBooks(store, tell)
  const closers = [() => books.stop(), () => stopAll(captures.map(({ capture }) => capture)), () => replayer.stop()]
  const closeAll = async (): Promise<void> => {
    for (const close of closers) await close()
    await Promise.all(brokers.map(({ close }) => close()))
    await store.close()
    await database.stop()
  }
  try {
    await documentQueues(store, config.queues)
    const http = await startHttp(
      {
        version,
        startedAt: new Date(),
        store,
        brokers: byName,
        clock: systemClock,
        captures: () =>
          captures.map(({ broker, role, capture }) => {
            const { place, state, problem, letters, receipts } = capture.health()
            return { broker, place, role, state, reason: problem, letters, receipts }
          }),
        wakeReplayer: () => replayer.wake(),
      },
      { ...config.http, onFailure: ({ requestId, error }) => tell(`request ${requestId} failed: ${error instanceof Error ? error.stack : String(error)}`) },
    )
    closers.unshift(() => http.close())
    const token = await renewLocalToken(store, `local@${hostname()}`.replaceAll(/[^\w.@-]/g, '-').slice(0, 64))
    const file = leaveAddress(config.data, { url: http.url, token })
    closers.unshift(async () => rmSync(file, { force: true }))
    return { url: http.url, token, database, stop: once(closeAll) }
  } catch (error) {
    await closeAll()
    throw error
  }
}

interface PlacedCapture {
  readonly broker: string
  readonly role: 'dead-letter' | 'receipts'
  readonly capture: Capture
}

async function openCaptures(
  store: Store,
  { config, database, brokers, tell }: Parameters<typeof openOffice>[0],
): Promise<readonly PlacedCapture[]> {
  const disk = database.folder === null ? {} : { disk: watchDisk({ folder: config.data, clock: systemClock }) }
  const captures: PlacedCapture[] = []
  for (const { name, config: each, broker } of brokers) {
    await broker.prepare([{ place: each.receipts, role: 'receipts' }])
    const sources = [
      ...each.deadLetters.map((place) => ({ place, role: 'dead-letter' as const })),
      { place: each.receipts, role: 'receipts' as const },
    ]
    for (const source of sources) {
      const capture = startCapture({
        store,
        broker,
        brokerName: name,
        source,
        consumer: each.consumer,
        onReceipts: applyReceipts,
        onReturned: applyReturns,
        onEvent: (event) => tellEvent(event, tell),
        ...disk,
      })
      captures.push({ broker: name, role: source.role, capture })
    }
  }
  return captures
}

async function stopAll(captures: readonly Capture[]): Promise<void> {
  await Promise.all(captures.map((capture) => capture.stop()))
}

function tellEvent(event: CaptureEvent, tell: (line: string) => void): void {
  if (event.kind === 'cause') tell(`new cause in ${event.queue}: ${event.title}`)
  else if (event.kind === 'paused') tell(`capture from ${event.place} waits for the ${event.why}: ${event.message}`)
  else if (event.kind === 'resumed') tell(`capture from ${event.place} goes on`)
  else if (event.kind === 'trouble') tell(`capture from ${event.place}: ${event.message}`)
  else if (event.kind === 'hostile') tell(`a letter from ${event.place} could not be understood and is kept as it is: ${event.reason}`)
}

/** The books are checked at start and each minute; what does not balance is told until it does. */
function watchBooks(store: Store, tell: (line: string) => void): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        const { unaccounted } = await checkLedger(store)
        if (unaccounted !== 0) tell(`THE BOOKS DO NOT BALANCE: ${unaccounted} letters are unaccounted for. See: redrive ledger`)
      } catch (error) {
        tell(`the books could not be checked: ${error instanceof Error ? error.message : String(error)}`)
      }
      await systemClock.sleep(60_000, stopping.signal)
    }
  }
  const running = loop()
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

/** For the command line on this machine, readable by its owner only. */
function leaveAddress(folder: string, address: { readonly url: string; readonly token: string }): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = path.join(folder, 'office.json')
  rmSync(file, { force: true })
  writeFileSync(file, JSON.stringify(address), { mode: 0o600 })
  return file
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => (done ??= work())
}
