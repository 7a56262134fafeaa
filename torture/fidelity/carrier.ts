import type { DemoQueue } from '../../packages/server/src/demo/demo-broker.ts'
import type { Found } from './compare.ts'
import type { Envelope } from './envelope.ts'
import type { Carries } from './generate.ts'

/** A real broker, with a client that is not ours to write dead letters and to read what was replayed. */
export interface Carrier {
  readonly carries: Carries
  /** As the office connects. */
  readonly queue: DemoQueue
  produce(place: string, envelopes: readonly Envelope[]): Promise<void>
  /** Everything in a place that holds `count` messages, in pieces, and what comes behind them within a moment. */
  read(place: string, count: number): AsyncIterable<readonly Found[]>
  stop(): Promise<void>
}

export interface CarrierParts {
  /** Both are there before anything is produced. */
  readonly places: readonly string[]
  /** A PostgreSQL of this run. */
  readonly databaseUrl: string
  readonly say: (line: string) => void
}

export const carrierNames = ['kafka', 'rabbitmq', 'pg-boss'] as const
export type CarrierName = (typeof carrierNames)[number]
