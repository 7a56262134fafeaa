import type { DemoQueue } from '../../packages/server/src/demo/demo-broker.ts'
import type { CuttingLine, LineTarget } from '../cutting-line.ts'

/** Servers under torture, with a line that can be cut before each of them. */
export interface Target {
  readonly name: TargetName
  /** The office's part of `redrive.yaml`: the connection, and the database where it is not the embedded one. */
  readonly config: { readonly broker: Readonly<Record<string, unknown>>; readonly database: string | null }
  /** As the worker connects. */
  readonly workerQueue: DemoQueue
  /** As the producer connects, whose connection nobody cuts; `null`: to the office's own server. */
  readonly producerQueue: DemoQueue | null
  /** What the configuration refers to. */
  readonly env: Readonly<Record<string, string>>
  readonly lines: readonly CuttingLine[]
  /** SIGKILL and start again on the same data; `null` where there is no server of its own. */
  readonly killBroker: (() => Promise<void>) | null
  /** A database that is not the office's; `null`: the embedded one. */
  readonly database: OwnDatabase | null
}

export const targetNames = ['embedded', 'pg-boss', 'kafka', 'rabbitmq'] as const
/** `embedded`: everything in the office's own server. `pg-boss`: the queue and the letters in a PostgreSQL of the user's. */
export type TargetName = (typeof targetNames)[number]

/** A PostgreSQL that lives on when the office dies. */
export interface OwnDatabase {
  /** Straight to the letters. */
  readonly url: string
  /** To the queue. */
  readonly queueUrl: string
  /** Where it listens. */
  readonly at: LineTarget
  /** Of the postmaster; 0 while there is none. */
  readonly pid: () => number
}

/** What a target is made with: all of it ends with the run. */
export interface TargetParts {
  readonly folder: string
  readonly line: (options: {
    readonly name: string
    readonly target: LineTarget
    readonly isWeighty: (request: Buffer) => boolean
  }) => Promise<CuttingLine>
  readonly ownDatabase: () => Promise<OwnDatabase>
  readonly onEnd: (close: () => Promise<void>) => void
}
