import type { Broker } from '../broker.ts'
import type { Rule } from '../classification.ts'
import type { Clock } from '../clock.ts'
import type { Lanes } from '../lanes.ts'
import type { RetryPolicy } from '../retry-policy.ts'
import type { WorkerIdentity } from '../wire.ts'
import type { Attempts } from './attempt.ts'
import type { Emitter } from './events.ts'
import type { Gate } from './gate.ts'
import type { Counters } from './health.ts'
import type { Hold } from './hold.ts'
import type { Scheduler } from './scheduler.ts'
import type { Sender } from './sender.ts'
import type { Traffic } from './traffic.ts'

/** What the parts of one worker share. */
export interface Kit {
  readonly broker: Broker
  readonly queue: string
  readonly consumer: string
  readonly identity: WorkerIdentity
  readonly lanes: Lanes
  /** `null`: none are sent. */
  readonly receipts: string | null
  readonly policy: RetryPolicy
  readonly rules: readonly Rule[]
  readonly timeoutMs: number
  readonly clock: Clock
  readonly random: () => number
  readonly events: Emitter
  readonly counters: Counters
  readonly gate: Gate
  readonly sender: Sender
  readonly attempts: Attempts
  readonly scheduler: Scheduler
  /** `null`: a key goes on after a death. */
  readonly hold: Hold | null
  /** `null`: nothing is told of what goes well. */
  readonly traffic: Traffic | null
  /** Aborts when the worker begins to stop. */
  readonly stopping: AbortSignal
}
