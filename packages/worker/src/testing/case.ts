import type { Broker } from '../broker.ts'

/** A broker on a real server, ready for one case. */
export interface Harness {
  readonly broker: Broker
  /** Begins the name of every place of the case; unique per case, or cases see each other's messages. */
  readonly prefix: string
  /** A second broker on the same server: another process. It is closed by `dispose`. */
  other(): Promise<Broker>
  /** Cuts a broker off without settling anything, as the death of its process would; it is not used again. */
  crash?(broker: Broker): Promise<void>
  /** Cuts the connection of a broker, which is expected to get over it by itself. */
  disconnect?(broker: Broker): Promise<void>
  /** Stops the server and starts it again with what it had. */
  readonly outage?: { start(): Promise<void>; stop(): Promise<void> }
  /** Closes what this harness opened. */
  dispose(): Promise<void>
}

export interface CaseContext extends Harness {
  /** How long a case may wait for something that has to happen. */
  readonly deadlineMs: number
  /** How long nothing has to happen before it counts as not happening. */
  readonly quietMs: number
}

export type Run = (context: CaseContext) => Promise<void>

/** The cases of one topic. */
export type Cases<Name extends string> = Readonly<Record<Name, Run>>
