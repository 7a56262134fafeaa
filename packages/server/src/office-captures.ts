import type { Broker } from '@redrive/worker'
import { type Capture, startCapture } from './capture/index.ts'
import type { BrokerConfig, Config } from './config/index.ts'
import type { watchExpiry } from './expiry/index.ts'
import type { CaptureView } from './http/route.ts'
import { whereOf } from './naming.ts'
import { captureLine } from './office-lines.ts'
import { setPolicies } from './queues/index.ts'
import { applyReceipts, applyReturns } from './replay/index.ts'
import type { DiskWatch } from './store/disk.ts'
import type { Store } from './store/store.ts'

export interface OpenBroker {
  readonly name: string
  readonly config: BrokerConfig
  readonly broker: Broker
  /** Its places are in the database that the letters are in. */
  readonly isWithin: boolean
  close(): Promise<void>
}

/** Where dead letters wait, for whoever asks how long they are kept there. */
export function deadLettersOf(brokers: readonly OpenBroker[]): Parameters<typeof watchExpiry>[1]['sources'] {
  return brokers.flatMap(({ name, broker, config: { deadLetters, consumer } }) =>
    deadLetters.map((place) => ({ broker, brokerName: name, place, consumer })),
  )
}

export interface PlacedCapture {
  readonly broker: string
  readonly role: 'dead-letter' | 'receipts'
  readonly capture: Capture
}

/** Captures every place that the configuration names, and the receipts of each connection. A broker that is away is waited for by its own captures. */
export function openCaptures(
  store: Store,
  {
    config,
    brokers,
    tell,
    disk,
  }: {
    readonly config: Config
    readonly brokers: readonly OpenBroker[]
    readonly tell: (line: string) => void
    readonly disk?: DiskWatch
  },
): readonly PlacedCapture[] {
  const captures: PlacedCapture[] = []
  for (const { name, config: each, broker } of brokers) {
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
        most: config.most,
        redaction: config.redaction,
        onReceipts: applyReceipts,
        onReturned: applyReturns,
        onEvent: (event) => {
          const line = captureLine(event)
          const isAway = event.kind === 'paused' && event.why === 'broker'
          if (line !== null) tell(isAway ? `${line} (${whereOf(name, each)}; to try it: redrive serve --check)` : line)
          // A queue comes with its first cause; its policy is known from the configuration.
          if (event.kind === 'cause') setPolicies(store, config.queues).catch(() => undefined)
        },
        ...(disk === undefined ? {} : { disk }),
      })
      captures.push({ broker: name, role: source.role, capture })
    }
  }
  return captures
}

export function viewOf({ broker, role, capture }: PlacedCapture): CaptureView {
  const { place, state, problem, waitsForRoomIn, letters, receipts } = capture.health()
  return { broker, place, role, state, reason: problem, waitsForRoomIn, letters, receipts }
}
